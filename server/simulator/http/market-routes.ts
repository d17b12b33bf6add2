import type { Router } from 'express';
import { STATUS_EXCHANGES, statusAt } from '../calendar.js';
import { isIsoDate, istDate } from '../ist.js';
import { Refusal } from '../refusal.js';
import { param, route, type SimulatorContext } from './pipeline.js';

/** Market status, timings and holidays. */
export function marketRoutes(router: Router, ctx: SimulatorContext): void {
  router.get(
    '/v2/market/status/:exchange',
    route(ctx, 'market-status', 'token', ({ req, t }) => {
      const exchange = param(req, 'exchange');
      if (!STATUS_EXCHANGES.includes(exchange)) throw new Refusal('UDAPI1089');
      const [status, since] = statusAt(exchange, ctx.market.timings(istDate(t)), t);
      const auction = exchange === 'MCX' || exchange === 'NSCOM' ? {} : closingAuction(since);
      return { exchange, status, last_updated: since, ...auction };
    }),
  );
  router.get(
    '/v2/market/timings/:date',
    route(ctx, 'timings', 'open', ({ req }) => {
      const date = param(req, 'date');
      if (!isIsoDate(date)) throw new Refusal('UDAPI1088');
      return ctx.market.timings(date);
    }),
  );
  router.get(
    '/v2/market/holidays{/:date}',
    route(ctx, 'holidays', 'open', ({ req }) => {
      const date = param(req, 'date');
      if (date && !isIsoDate(date)) throw new Refusal('UDAPI1088');
      return ctx.market.holidays().filter((h) => !date || h.date === date);
    }),
  );
}

/** The state of the closing auction; the simulator holds none, so it always reads as closed. */
function closingAuction(since: number): object {
  return { cas_eligible_status: { status: 'CTS_CLOSE', last_updated: since } };
}
