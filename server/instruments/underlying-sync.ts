import type { EntityManager } from 'typeorm';
import { bulkInsert } from './bulk-insert.js';
import { refileChains, type KeyChange } from './chain-keys.js';
import type { MasterUnderlying } from './master-list.js';
import { nextId, type Cell } from './rows.js';

/** Prefix of the key of an underlying that is known from a recorded day only. No broker segment has this name. */
export const IMPORTED_PREFIX = 'IMPORTED|';

interface KnownUnderlying extends MasterUnderlying {
  id: number;
}

const COLUMNS = ['id', 'key', 'symbol', 'name', 'exchange', 'kind'];

/**
 * Brings the underlyings up to date and tells their row numbers. An underlying is recognised by its key or, when the
 * broker gave it another one (a split gives a share a new ISIN), by exchange and symbol; its contracts and
 * its captured chains stay with it.
 * @returns row number by key.
 */
export async function syncUnderlyings(
  manager: EntityManager,
  list: ReadonlyMap<string, MasterUnderlying>,
): Promise<ReadonlyMap<string, number>> {
  const known: KnownUnderlying[] = await manager.query(
    'SELECT "id", "key", "symbol", "name", "exchange", "kind" FROM "underlying"',
  );
  const find = finder(known, list);
  const ids = new Map<string, number>();
  const added: Cell[][] = [];
  const rekeyed: KeyChange[] = [];
  let next = await nextId(manager, 'underlying');
  for (const one of list.values()) {
    const match = find(one);
    ids.set(one.key, match?.id ?? next);
    if (match === undefined) added.push([next++, one.key, one.symbol, one.name, one.exchange, one.kind]);
    else if (differs(match, one)) await update(manager, match.id, one);
    if (match && match.key !== one.key) rekeyed.push({ from: match.key, to: one.key });
    // A day that was being imported while an earlier list came may have filed its chains under the recorded key since.
    rekeyed.push({ from: `${IMPORTED_PREFIX}${one.symbol}`, to: one.key });
  }
  await bulkInsert(manager, { table: 'underlying', columns: COLUMNS }, added, (row) => row);
  await refileChains(manager, rekeyed);
  return ids;
}

function finder(known: readonly KnownUnderlying[], list: ReadonlyMap<string, MasterUnderlying>) {
  const byKey = new Map(known.map((one) => [one.key, one]));
  const bySymbol = new Map<string, KnownUnderlying>();
  const recorded = new Map<string, KnownUnderlying>();
  for (const one of known) {
    // A key that the list still has belongs to whatever the list says it is.
    if (one.key.startsWith(IMPORTED_PREFIX)) recorded.set(one.symbol, one);
    else if (!list.has(one.key)) bySymbol.set(`${one.exchange}@${one.symbol}`, one);
  }
  return (one: MasterUnderlying): KnownUnderlying | undefined =>
    byKey.get(one.key) ?? take(bySymbol, `${one.exchange}@${one.symbol}`) ?? take(recorded, one.symbol);
}

/** Gives each entry once: two underlyings of a list never become one. */
function take<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

function differs(a: MasterUnderlying, b: MasterUnderlying): boolean {
  return (
    a.key !== b.key ||
    a.symbol !== b.symbol ||
    a.name !== b.name ||
    a.exchange !== b.exchange ||
    a.kind !== b.kind
  );
}

async function update(manager: EntityManager, id: number, one: MasterUnderlying): Promise<void> {
  await manager.query(
    'UPDATE "underlying" SET "key" = $1, "symbol" = $2, "name" = $3, "exchange" = $4, "kind" = $5 WHERE "id" = $6',
    [one.key, one.symbol, one.name, one.exchange, one.kind, id],
  );
}
