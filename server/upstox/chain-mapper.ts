import type { ChainId } from '../domain/contract.js';
import type { LegQuote, StrikeQuote } from '../domain/snapshot.js';
import type { BrokerChain } from './broker.js';
import { CellReader, isPrice, shown } from './cells.js';
import { isRecord } from './error-mapping.js';
import { BrokerError } from './errors.js';

/*
 * By hand and not by schema: a schema refuses or accepts an answer whole, while here each cell is judged by itself and
 * every refusal is put into words. Speed is not the reason: 250 legs take 0.03 ms, and a zod schema 0.05 ms.
 */

interface MappedLeg {
  readonly key: string | null;
  readonly quote: LegQuote;
}

interface MappedRow {
  readonly strike: number;
  readonly call: MappedLeg | null;
  readonly put: MappedLeg | null;
  readonly spot: number | null;
}

/**
 * Maps `data` of `GET /v2/option/chain`, strikes ascending. OI and volume in units, prices in rupees.
 * @throws BrokerError bad-answer when it is not a list, belongs to another chain, or most of its rows are unusable.
 */
export function mapChain(data: unknown, chain: ChainId): BrokerChain {
  if (!Array.isArray(data)) throw badAnswer('The option chain is not a list');
  const cells = new CellReader();
  const rows: MappedRow[] = [];
  data.forEach((row: unknown, index) => {
    const mapped = mapRow(row, index, chain, cells);
    if (mapped) rows.push(mapped);
  });
  if (rows.length * 2 < data.length) throw badAnswer('Most rows of the option chain are unusable');
  return assemble(withoutDoubles(rows, cells), cells);
}

function assemble(rows: MappedRow[], cells: CellReader): BrokerChain {
  rows.sort((a, b) => a.strike - b.strike);
  const strikes: StrikeQuote[] = [];
  const keys = new Map<number, { call: string | null; put: string | null }>();
  let spot: number | null = null;
  for (const row of rows) {
    spot ??= row.spot;
    strikes.push({ strike: row.strike, call: row.call?.quote ?? null, put: row.put?.quote ?? null });
    keys.set(row.strike, { call: row.call?.key ?? null, put: row.put?.key ?? null });
  }
  return { spot, strikes, keys, rejected: cells.rejected };
}

function mapRow(row: unknown, index: number, chain: ChainId, cells: CellReader): MappedRow | null {
  if (!isRecord(row)) return cells.reject(`row ${index}`, `${shown(row)} is not a strike`);
  checkChain(row, chain);
  const strike = row.strike_price;
  if (!isPrice(strike) || strike === 0)
    return cells.reject(`row ${index} strike_price`, `${shown(strike)} is not a strike`);
  const spot = cells.price(row.underlying_spot_price, () => `${strike} underlying_spot_price`);
  return {
    strike,
    call: mapLeg(row.call_options, `${strike} call`, cells),
    put: mapLeg(row.put_options, `${strike} put`, cells),
    // No underlying trades at 0: the broker's way to say that it has no price.
    spot: spot === 0 ? null : spot,
  };
}

/** A row of another chain means that the whole answer is another call's: none of it may be shown. */
function checkChain(row: Record<string, unknown>, chain: ChainId): void {
  const other =
    (typeof row.expiry === 'string' && row.expiry !== chain.expiry) ||
    (typeof row.underlying_key === 'string' && row.underlying_key !== chain.underlying);
  if (other) throw badAnswer('The broker answered with another option chain than was asked for');
}

/** `null` where only the other side is listed. A listed leg without market data has unknown cells. */
function mapLeg(leg: unknown, where: string, cells: CellReader): MappedLeg | null {
  if (leg === undefined || leg === null) return null;
  if (!isRecord(leg)) return cells.reject(where, `${shown(leg)} is not a leg`);
  const key = mapKey(leg.instrument_key, where, cells);
  const hasData = leg.market_data !== undefined && leg.market_data !== null;
  if (key === null && !hasData) return null;
  if (hasData && !isRecord(leg.market_data))
    cells.reject(`${where} market_data`, `${shown(leg.market_data)} is not market data`);
  return { key, quote: mapQuote(isRecord(leg.market_data) ? leg.market_data : {}, where, cells) };
}

function mapQuote(market: Record<string, unknown>, where: string, cells: CellReader): LegQuote {
  return {
    oi: cells.count(market.oi, () => `${where} oi`),
    prevOi: cells.count(market.prev_oi, () => `${where} prev_oi`),
    ltp: cells.price(market.ltp, () => `${where} ltp`),
    volume: cells.count(market.volume, () => `${where} volume`),
  };
}

function mapKey(key: unknown, where: string, cells: CellReader): string | null {
  if (key === undefined || key === null || key === '') return null;
  if (typeof key === 'string' && key.length <= 64) return key;
  return cells.reject(`${where} instrument_key`, `${shown(key)} is not a key`);
}

/** A strike that is given twice has two truths, so it has none: both rows are left out. */
function withoutDoubles(rows: readonly MappedRow[], cells: CellReader): MappedRow[] {
  const seen = new Set<number>();
  const doubled = new Set<number>();
  for (const { strike } of rows) (seen.has(strike) ? doubled : seen).add(strike);
  for (const strike of doubled) cells.reject(String(strike), 'the strike is given more than once');
  return rows.filter((row) => !doubled.has(row.strike));
}

function badAnswer(message: string): BrokerError {
  return new BrokerError('bad-answer', message);
}
