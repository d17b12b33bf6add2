import type { Router } from 'express';
import { isIsoDate, istDate } from '../ist.js';
import type { InstrumentRow } from '../market.js';
import { Refusal } from '../refusal.js';
import { spoilChain } from './chain-faults.js';
import { query, route, type SimulatorContext } from './pipeline.js';

/** A contract as the contract endpoint shows it: the master's fields, the expiry as a date. */
function contractAnswer(row: InstrumentRow): object {
  return {
    ...{ name: row.name, segment: row.segment, exchange: row.exchange },
    expiry: istDate(row.expiry ?? 0),
    ...{ instrument_key: row.instrument_key, exchange_token: row.exchange_token },
    ...{ trading_symbol: row.trading_symbol, tick_size: row.tick_size, lot_size: row.lot_size },
    ...{ instrument_type: row.instrument_type, freeze_quantity: row.freeze_quantity },
    ...{ underlying_key: row.underlying_key, underlying_type: row.underlying_type },
    ...{ underlying_symbol: row.underlying_symbol, strike_price: row.strike_price },
    ...{ minimum_lot: row.minimum_lot, weekly: row.weekly },
  };
}

const isOption = (row: InstrumentRow): boolean =>
  row.instrument_type === 'CE' || row.instrument_type === 'PE';

function contracts(ctx: SimulatorContext, key: string, date: string): object[] {
  const all = ctx.market.instruments();
  const options = all.filter((r) => isOption(r) && r.underlying_key === key);
  if (options.length === 0 && !all.some((r) => r.instrument_key === key)) throw new Refusal('UDAPI100011');
  return options.filter((r) => !date || istDate(r.expiry ?? 0) === date).map(contractAnswer);
}

/** Option chain and option contracts. */
export function optionRoutes(router: Router, ctx: SimulatorContext): void {
  router.get(
    '/v2/option/chain',
    route(ctx, 'option-chain', 'token', ({ req, t, fault }) => {
      const [key, expiry] = [query(req, 'instrument_key'), query(req, 'expiry_date')];
      if (!key) throw new Refusal('UDAPI1009');
      if (!isIsoDate(expiry)) throw new Refusal('UDAPI1088');
      const rows = ctx.market.chain(key, expiry, t);
      if (rows === null) throw new Refusal('UDAPI100011');
      return spoilChain(rows, fault);
    }),
  );
  router.get(
    '/v2/option/contract',
    route(ctx, 'option-contract', 'token', ({ req }) => {
      const [key, date] = [query(req, 'instrument_key'), query(req, 'expiry_date')];
      if (!key) throw new Refusal('UDAPI1009');
      if (date && !isIsoDate(date)) throw new Refusal('UDAPI1088');
      return contracts(ctx, key, date);
    }),
  );
}
