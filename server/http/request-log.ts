import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

/** Lines a minute at most: a stranger who floods the server must not fill its disk. */
const LINES_A_MINUTE = 60;
const MINUTE_MS = 60_000;
const LONGEST_PATH = 200;

/**
 * Logs requests that changed something and those that were refused or failed, each under its request id; plain reading
 * is not logged. The query string is left out: a sign-in callback carries secrets there.
 * @param now monotonic ms.
 */
export function requestLog(now: () => number = () => performance.now()) {
  const log = new Logger('Http');
  let window = { since: now(), lines: 0 };
  const mayLog = (): boolean => {
    if (now() - window.since >= MINUTE_MS) window = { since: now(), lines: 0 };
    window.lines += 1;
    if (window.lines === LINES_A_MINUTE + 1) log.warn('more requests this minute, which are not logged');
    return window.lines <= LINES_A_MINUTE;
  };
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = now();
    response.once('finish', () => {
      const status = response.statusCode;
      if ((request.method === 'GET' && status < 400) || !mayLog()) return;
      const path = request.originalUrl.split('?', 1)[0]?.slice(0, LONGEST_PATH);
      const requestId = String(response.getHeader('X-Request-Id') ?? '-');
      const line = `${request.method} ${path} ${status} ms=${(now() - began).toFixed(0)}`;
      if (status >= 500) log.warn(line, { requestId });
      else log.log(line, { requestId });
    });
    next();
  };
}
