import type { Response } from 'express';
import type { Fault } from '../faults.js';
import { errorBody, Refusal } from '../refusal.js';

const PAGE = '<!DOCTYPE html><html><head><title>Access denied</title></head><body>Error 1010</body></html>';
const WRONG_DATA = [
  { unexpected: true, strike_price: 'twenty-four thousand', call_options: 7, candles: 'none' },
];
const CHUNKS = 10;

function sendError(res: Response, status: number, code: string, message: string): void {
  res.status(status).json(errorBody(code, message));
}

/** Answers a request that failed; what is not a refusal is a fault of the simulator itself. */
export function sendRefusal(res: Response, error: unknown): void {
  if (res.headersSent) return void res.destroy();
  if (error instanceof Refusal) return sendError(res, error.status, error.code, error.message);
  const words = error instanceof Error ? error.message : String(error);
  sendError(res, 500, 'UDAPI100500', `simulator: ${words}`);
}

/** Sends the faults that need no answer of ours. @returns whether it did (or never will answer). */
export function sendFault(res: Response, fault: Fault | null): boolean {
  switch (fault?.type) {
    case 'status':
      if (fault.retryAfter !== undefined) res.set('Retry-After', String(fault.retryAfter));
      sendError(res, fault.status, fault.code ?? statusCode(fault.status), fault.message ?? 'Injected fault');
      return true;
    case 'html':
      res
        .status(fault.status ?? 403)
        .type('html')
        .send(PAGE);
      return true;
    case 'token-death':
      sendRefusal(res, new Refusal('UDAPI100050'));
      return true;
    case 'timeout':
      return true;
    default:
      return false;
  }
}

function statusCode(status: number): string {
  if (status === 429) return 'UDAPI10005';
  return status === 401 ? 'UDAPI100050' : 'UDAPI100500';
}

/** Lets a body trickle in, in real time, with its length announced. */
function trickle(res: Response, body: Buffer, ms: number): void {
  const size = Math.ceil(body.length / CHUNKS);
  res.set('Content-Length', String(body.length)).type('json');
  let sent = 0;
  const timer = setInterval(() => {
    res.write(body.subarray(sent, sent + size));
    sent += size;
    if (sent < body.length) return;
    clearInterval(timer);
    res.end();
  }, ms / CHUNKS);
  res.once('close', () => clearInterval(timer));
}

/** Sends `{status: 'success', data}`, spoiled where the fault says so. */
export function sendEnvelope(res: Response, data: unknown, fault: Fault | null): void {
  const spoiled = fault?.type === 'null-data' ? null : fault?.type === 'wrong-shape' ? WRONG_DATA : data;
  const text = JSON.stringify({ status: 'success', data: spoiled });
  if (fault?.type === 'truncated-json') res.type('json').send(text.slice(0, Math.floor(text.length / 2)));
  else if (fault?.type === 'held') void fault.until.then(() => res.type('json').send(text));
  else if (fault?.type === 'slow-body') trickle(res, Buffer.from(text), fault.ms);
  else res.type('json').send(text);
}
