import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { ClientAddress } from './client-address.js';

/** Lines a minute at most: a stranger who floods the server must not fill its disk. */
const LINES_A_MINUTE = 60;
const MINUTE_MS = 60_000;
const LONGEST_PATH = 200;

/**
 * Logs requests that changed something and those that were refused or failed, each under its request id and with the
 * address that it came from; plain reading is not logged. The query string is left out: a sign-in callback carries secrets there.
 * @param now monotonic ms.
 */
export function requestLog(clients: ClientAddress, now: () => number = () => performance.now()) {
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
    // Known now; of a connection that has ended it is not.
    const address = clients.of(request);
    response.once('finish', () => {
      const status = response.statusCode;
      if ((request.method === 'GET' && status < 400) || !mayLog()) return;
      const path = request.originalUrl.split('?', 1)[0]?.slice(0, LONGEST_PATH);
      const requestId = String(response.getHeader('X-Request-Id') ?? '-');
      const line = `${request.method} ${path} ${status} ms=${(now() - began).toFixed(0)}`;
      if (status >= 500) log.warn(line, { requestId, address });
      else log.log(line, { requestId, address });
    });
    next();
  };
}
