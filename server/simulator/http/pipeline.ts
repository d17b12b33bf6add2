import type { Request, RequestHandler, Response } from 'express';
import type { CallLog, PathKind } from '../calls.js';
import type { Fault, FaultPlan } from '../faults.js';
import { MINUTE_MS } from '../ist.js';
import type { RateLimiter } from '../limits.js';
import type { Market } from '../market.js';
import { Refusal } from '../refusal.js';
import type { SimulatedUser, TokenBook } from '../tokens.js';
import { sendEnvelope, sendFault, sendRefusal } from './send.js';

/** What the routes work with. */
export interface SimulatorContext {
  market: Market;
  now: () => number;
  calls: CallLog;
  faults: FaultPlan;
  tokens: TokenBook;
  /** null = no limits. */
  limiter: RateLimiter | null;
}

/** One request, past sign-in and limits. */
export interface Asked {
  req: Request;
  res: Response;
  /** The instant to answer for, epoch ms: now, or another under the faults `stale` and `skew`. */
  t: number;
  fault: Fault | null;
  /** null where no token is needed and none was sent. */
  user: SimulatedUser | null;
  token: string | null;
}

/** `open` paths need no token, as the broker's candles, holidays and timings; a token that is sent must be good. */
export type Access = 'token' | 'open';

function bearer(req: Request): string | null {
  return /^Bearer (.+)$/.exec(req.get('authorization') ?? '')?.[1] ?? null;
}

/** A name that the broker keeps no secrets in: login paths carry codes, so their query is not logged. */
function subject(kind: PathKind, req: Request): string {
  return kind.startsWith('login') ? '' : req.originalUrl;
}

function admit(
  ctx: SimulatorContext,
  kind: PathKind,
  access: Access,
  req: Request,
): Pick<Asked, 'user' | 'token'> {
  const token = bearer(req);
  const user = token === null ? null : ctx.tokens.userOf(token);
  if (user === null && (access === 'token' || token !== null)) throw new Refusal('UDAPI100050');
  if (ctx.limiter?.allow(user?.userId ?? 'anonymous', kind, ctx.now()) === false)
    throw new Refusal('UDAPI10005');
  return { user, token };
}

/** The `Date` header by virtual time: Node's own would be of another day than the market. @param at epoch ms */
export function tellTime(res: Response, at: number): void {
  res.set('Date', new Date(at).toUTCString());
}

/** Logs the call, lets it meet its fault, checks token and limits, and sends what the handler returns as `data`. */
export function route(
  ctx: SimulatorContext,
  kind: PathKind,
  access: Access,
  handler: (asked: Asked) => unknown,
): RequestHandler {
  return (req, res) => {
    const call = { kind, at: ctx.now(), subject: subject(kind, req), userAgent: req.get('user-agent') ?? '' };
    const entry = ctx.calls.add(call);
    res.once('finish', () => (entry.status = res.statusCode));
    res.once('close', () => (entry.cutOff = !res.writableFinished));
    const fault = ctx.faults.take(kind, call.subject);
    const ahead = fault?.type === 'skew' ? fault.ms : 0;
    tellTime(res, ctx.now() + ahead);
    if (sendFault(res, fault)) return;
    const back = fault?.type === 'stale' ? (fault.minutes ?? 1) * MINUTE_MS : 0;
    return Promise.resolve()
      .then(() => handler({ req, res, fault, t: ctx.now() + ahead - back, ...admit(ctx, kind, access, req) }))
      .then((data) => (res.headersSent ? undefined : sendEnvelope(res, data, fault)))
      .catch((error: unknown) => sendRefusal(res, error));
  };
}

/** A query parameter that is given once; empty when absent. */
export function query(req: Request, name: string): string {
  const value = req.query[name];
  return typeof value === 'string' ? value : '';
}

/** A path parameter, decoded. */
export function param(req: Request, name: string): string {
  const value = req.params[name];
  return typeof value === 'string' ? value : '';
}
