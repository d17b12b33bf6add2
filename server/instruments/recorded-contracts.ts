import type { EntityManager } from 'typeorm';
import { istMidnight } from '../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate } from '../domain/units.js';
import { bulkInsert } from './bulk-insert.js';
import { isKnownIndex, BSE_INDICES } from './picker-order.js';
import { nextId, type Cell } from './rows.js';
import { IMPORTED_PREFIX } from './underlying-sync.js';

const COLUMNS = ['id', 'underlying_id', 'expiry', 'strike', 'type', 'listed_from', 'listed_to'];

/** A chain of a recorded day, which may have been made before the first instrument list was imported. */
export interface RecordedChainRef {
  symbol: string;
  expiry: IsoDate;
  /** Rupees. */
  strikes: readonly number[];
}

/** An underlying's place in the list. */
export interface UnderlyingRef {
  id: number;
  key: string;
}

/**
 * Makes sure that the options of a recorded chain exist. What is missing is added without a broker key and without a
 * lot size, which a recording does not tell; the next instrument list that has them fills both in.
 * @param known the underlying with that symbol; `null` adds one with a key of its own, `IMPORTED|SYMBOL`.
 * @returns the underlying's key.
 */
export async function ensureRecorded(
  manager: EntityManager,
  known: UnderlyingRef | null,
  chain: RecordedChainRef,
  now: EpochMs,
): Promise<string> {
  const underlying = known ?? (await addUnderlying(manager, chain.symbol));
  const rows: { strike: number; type: string; listed_to: string | number | null }[] = await manager.query(
    'SELECT "strike", "type", "listed_to" FROM "contract" WHERE "underlying_id" = $1 AND "expiry" = $2',
    [underlying.id, chain.expiry],
  );
  const present = new Set(rows.map((row) => `${row.type} ${row.strike}`));
  const from = Math.min(now, istMidnight(chain.expiry));
  // On a chain that the list has, a strike that it does not have is no longer listed; nor is an expired one.
  const listed = now < istMidnight(chain.expiry) + DAY_MS && rows.every((row) => row.listed_to !== null);
  let id = await nextId(manager, 'contract');
  const added: Cell[][] = [];
  for (const strike of new Set(chain.strikes))
    for (const type of ['CE', 'PE'])
      if (!present.has(`${type} ${strike}`))
        added.push([id++, underlying.id, chain.expiry, strike, type, from, listed ? null : now]);
  await bulkInsert(manager, { table: 'contract', columns: COLUMNS }, added, (row) => row);
  return underlying.key;
}

async function addUnderlying(manager: EntityManager, symbol: string): Promise<UnderlyingRef> {
  const underlying = { id: await nextId(manager, 'underlying'), key: `${IMPORTED_PREFIX}${symbol}` };
  const exchange = BSE_INDICES.includes(symbol) ? 'BSE' : 'NSE';
  const kind = isKnownIndex(symbol) ? 'INDEX' : 'EQUITY';
  await bulkInsert(
    manager,
    { table: 'underlying', columns: ['id', 'key', 'symbol', 'name', 'exchange', 'kind'] },
    [underlying],
    ({ id, key }) => [id, key, symbol, symbol, exchange, kind],
  );
  return underlying;
}
