import type { DataSource } from 'typeorm';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { KeyValidity, ListedContract, LotValidity, UnderlyingListing } from './listing.js';
import { byPickerOrder } from './picker-order.js';

/** A listed option expiry of an underlying. */
export interface CatalogExpiry {
  expiry: IsoDate;
  contracts: number;
  weekly: boolean | null;
  lotSize: number | null;
}

/** An underlying with its expiries. */
export interface CatalogEntry {
  listing: Omit<UnderlyingListing, 'lotSize'>;
  /** Listed option expiries, ascending. */
  expiries: CatalogExpiry[];
}

/** All underlyings, by what they are asked for. */
export interface Catalog {
  byId: ReadonlyMap<number, CatalogEntry>;
  byKey: ReadonlyMap<string, CatalogEntry>;
  /** By upper-case symbol; where exchanges share one, in the order of the picker. */
  bySymbol: ReadonlyMap<string, CatalogEntry>;
}

/** Reads underlyings and their listed expiries. */
export async function readCatalog(dataSource: DataSource): Promise<Catalog> {
  const listings: Omit<UnderlyingListing, 'lotSize'>[] = await dataSource.query(
    'SELECT "id", "key", "symbol", "name", "exchange", "kind" FROM "underlying"',
  );
  const entries = listings.sort(byPickerOrder).map((listing): CatalogEntry => ({ listing, expiries: [] }));
  const byId = new Map(entries.map((entry) => [entry.listing.id, entry]));
  const rows: {
    underlying_id: number;
    expiry: IsoDate;
    n: string | number;
    weekly: number | null;
    lot: number | null;
  }[] = await dataSource.query(
    `SELECT "underlying_id", "expiry", COUNT(*) AS n, MAX("weekly") AS weekly, MIN("lot_size") AS lot
       FROM "contract" WHERE "type" <> 'FUT' AND "listed_to" IS NULL
       GROUP BY "underlying_id", "expiry" ORDER BY "underlying_id", "expiry"`,
  );
  for (const row of rows)
    byId.get(row.underlying_id)?.expiries.push({
      expiry: row.expiry,
      contracts: Number(row.n),
      weekly: row.weekly === null ? null : row.weekly === 1,
      lotSize: row.lot,
    });
  const byKey = new Map(entries.map((entry) => [entry.listing.key, entry]));
  // The last one set wins, so the first of the picker's order is set last.
  const bySymbol = new Map(
    [...entries].reverse().map((entry) => [entry.listing.symbol.toUpperCase(), entry]),
  );
  return { byId, byKey, bySymbol };
}

interface ChainRow {
  id: number;
  strike: number;
  type: 'CE' | 'PE';
  lot_size: number | null;
  future_key: string | null;
  listed_from: string | number;
  listed_to: string | number | null;
  instrument_key: string | null;
  valid_from: string | number;
  valid_to: string | number | null;
}

/**
 * The options of one underlying and expiry, by strike, calls before puts. A chain that is over is what it was; of a
 * live one, what was delisted is left out.
 */
export async function readChain(
  dataSource: DataSource,
  underlyingId: number,
  expiry: IsoDate,
): Promise<ListedContract[]> {
  const rows: ChainRow[] = await dataSource.query(
    `SELECT c."id", c."strike", c."type", c."lot_size", c."future_key", c."listed_from", c."listed_to",
       k."instrument_key", k."valid_from", k."valid_to"
     FROM "contract" c LEFT JOIN "contract_key" k ON k."contract_id" = c."id"
     WHERE c."underlying_id" = $1 AND c."expiry" = $2 AND c."type" <> 'FUT'
     ORDER BY c."strike", c."type", k."valid_from"`,
    [underlyingId, expiry],
  );
  const contracts = new Map<number, ListedContract & { keys: KeyValidity[] }>();
  for (const row of rows) {
    const contract = contracts.get(row.id) ?? contractOf(row);
    contracts.set(row.id, contract);
    if (row.instrument_key === null) continue;
    contract.instrumentKey = row.instrument_key;
    contract.keys.push({ key: row.instrument_key, from: Number(row.valid_from), to: timeOf(row.valid_to) });
  }
  const all = [...contracts.values()];
  const listed = all.filter((contract) => contract.listedTo === null);
  return listed.length > 0 ? listed : all;
}

/** The lots of one underlying and expiry, oldest first. Strikes that are added take the lot of their time with them. */
export async function readLots(
  dataSource: DataSource,
  underlyingId: number,
  expiry: IsoDate,
): Promise<LotValidity[]> {
  const rows: { valid_from: string | number; lot: number }[] = await dataSource.query(
    `SELECT h."valid_from", MIN(h."lot_size") AS lot
       FROM "contract" c JOIN "lot_history" h ON h."contract_id" = c."id"
       WHERE c."underlying_id" = $1 AND c."expiry" = $2 AND c."type" <> 'FUT'
       GROUP BY h."valid_from" ORDER BY h."valid_from"`,
    [underlyingId, expiry],
  );
  return rows.map((row) => ({ lotSize: row.lot, from: Number(row.valid_from) }));
}

function contractOf(row: ChainRow): ListedContract & { keys: KeyValidity[] } {
  return {
    id: row.id,
    strike: row.strike,
    side: row.type === 'CE' ? 'call' : 'put',
    instrumentKey: null,
    keys: [],
    lotSize: row.lot_size,
    futureKey: row.future_key,
    listedFrom: Number(row.listed_from),
    listedTo: timeOf(row.listed_to),
  };
}

/** PostgreSQL answers 64-bit numbers as text. */
function timeOf(value: string | number | null): EpochMs | null {
  return value === null ? null : Number(value);
}
