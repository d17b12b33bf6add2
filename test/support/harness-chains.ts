import type { Table } from '../../server/protocol/index.js';
import type { Visitor } from './harness-client.js';
import type { Watcher } from './harness-watch.js';
import { compareTable, fromTables, MINUTE, truthOf, type BackfillSource } from './truth/index.js';

/** The chain of an underlying with the nearest expiry. @throws when the underlying or its expiries are not listed */
export async function nearestChain(
  visitor: Visitor,
  symbol: string,
  patienceMs?: number,
): Promise<{ underlying: string; expiry: string }> {
  const keys = await visitor.whenInstrumentsAreReady(symbol, patienceMs);
  const underlying = keys.get(symbol) ?? '';
  const path = `/api/underlyings/${encodeURIComponent(underlying)}/expiries`;
  const [nearest] = await visitor.get<{ expiry: string }[]>(path);
  if (!nearest) throw new Error(`${symbol} has no expiries`);
  return { underlying, expiry: nearest.expiry };
}

/** Every slot between two moments, captured or back-filled, as HTTP answers `?at=`. */
export async function slotsOverHttp(
  visitor: Visitor,
  chain: { underlying: string; expiry: string },
  from: number,
  to: number,
): Promise<Table[]> {
  const tables = new Map<number, Table>();
  for (let at = from; at <= to; at += MINUTE) {
    const table = await visitor.find<Table>(visitor.tablePath(chain.underlying, chain.expiry, at));
    if (table) tables.set(table.slot, table);
  }
  return [...tables.values()];
}

/**
 * Holds tables of one chain against each other: the OI of each is taken at its word, and every window, base, day change
 * and total of every table must follow from them by the rules. For markets that no file records.
 * @param stored all slots of the chain over HTTP, back-filled ones included
 * @returns the differences
 */
export function inconsistencies(stored: readonly Table[], shown: readonly Table[]): string[] {
  const live = stored.filter(({ source }) => source === 'live');
  const truth = truthOf(fromTables(live));
  const rebuilt = new Map(
    stored.filter(({ source }) => source === 'backfill').map((table) => [table.slot, table]),
  );
  const backfill: BackfillSource = (strike, side, slot) =>
    rebuilt.get(slot)?.rows.find((row) => row.strike === strike)?.[side] ?? null;
  const options = { backfill, captured: new Set(truth.slots) };
  return [...stored, ...shown]
    .filter(({ source }) => source === 'live')
    .flatMap((table) => compareTable(truth.at(table.slot), table, options));
}

/** The rows around ATM, as many on either side. */
export function aroundAtm(table: Table, strikes: number): Table['rows'] {
  const at = table.rows.findIndex(({ strike }) => strike === table.atmStrike);
  return at < 0 ? [] : table.rows.slice(Math.max(0, at - strikes), at + strikes + 1);
}

/** All windows of every leg around ATM with known OI have a value. */
export const allWindowsFilled = (table: Table): boolean => {
  const legs = aroundAtm(table, 3).flatMap(({ call, put }) => [call, put]);
  return legs.length === 14 && legs.every((leg) => leg?.changes.every((change) => change !== null));
};

/** Tables of slots captured live that a screen has shown. */
export const liveTables = (watcher: Watcher): Table[] =>
  watcher.tables.filter(({ source }) => source === 'live');
