import { istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { RefusedRow } from './import-report.js';
import type { MasterRow } from './master-row.js';

/** An underlying as a list names it. */
export interface MasterUnderlying {
  key: string;
  symbol: string;
  name: string;
  exchange: string;
  kind: MasterRow['kind'];
}

/** A contract of a list, ready to compare: expiry as a date, the underlying resolved. */
export interface MasterContract {
  /** See `identityOf`. */
  identity: string;
  underlying: MasterUnderlying;
  expiry: IsoDate;
  strike: number;
  type: MasterRow['type'];
  instrumentKey: string;
  lotSize: number;
  weekly: boolean | null;
  tradingSymbol: string;
  futureKey: string | null;
}

/** What tells one contract from all others, as one string. */
export function identityOf(
  underlyingKey: string,
  expiry: IsoDate,
  strike: number,
  type: MasterRow['type'],
): string {
  return `${underlyingKey}@${expiry}@${strike}@${type}`;
}

const SAMPLES = 10;
const SAMPLE_LENGTH = 200;

/** Gathers the rows of one instrument file; `finish` ties options to their underlyings and futures. */
export class MasterList {
  /** Rows of the file, whatever they were. */
  rows = 0;
  ignored = 0;
  readonly refused = { count: 0, samples: [] as RefusedRow[] };
  readonly contracts: MasterContract[] = [];
  readonly underlyings = new Map<string, MasterUnderlying>();
  private readonly taken: MasterRow[] = [];
  private readonly names = new Map<string, string>();
  private readonly dates = new Map<EpochMs, IsoDate>();

  add(row: MasterRow): void {
    this.taken.push(row);
  }

  /** A spot instrument's readable name, by its key. */
  addName(key: string, name: string): void {
    this.names.set(key, name);
  }

  /** Counts a refused row; the first few are kept. */
  refuse(reason: string, row: string): void {
    this.refused.count += 1;
    if (this.refused.samples.length < SAMPLES)
      this.refused.samples.push({ reason, row: row.slice(0, SAMPLE_LENGTH) });
  }

  /** Exchanges that the list has contracts of. */
  exchanges(): string[] {
    return [...new Set(this.contracts.map((contract) => contract.underlying.exchange))].sort();
  }

  /** Identifies every contract; rows that hang on nothing or come twice are refused. Call once, after the last row. */
  finish(): void {
    const futures = new Map<string, MasterRow>();
    for (const row of this.taken) if (row.type === 'FUT') futures.set(row.instrumentKey, row);
    const keys = new Set<string>();
    const identities = new Set<string>();
    for (const row of this.taken) {
      const contract = this.identify(row, futures);
      if (contract === null) continue;
      if (keys.has(contract.instrumentKey))
        this.refuse('its instrument_key comes twice in the list', sample(row));
      else if (identities.has(contract.identity))
        this.refuse('the same contract comes twice in the list', sample(row));
      else this.contracts.push(contract);
      keys.add(contract.instrumentKey);
      identities.add(contract.identity);
    }
    this.taken.length = 0;
  }

  private identify(row: MasterRow, futures: ReadonlyMap<string, MasterRow>): MasterContract | null {
    const hangsOnFuture = row.exchange === 'MCX' && row.type !== 'FUT';
    const future = hangsOnFuture ? futures.get(row.underlyingKey) : undefined;
    if (hangsOnFuture && future?.symbol !== row.symbol) {
      this.refuse(`the future it hangs on (${row.underlyingKey}) is not in the list`, sample(row));
      return null;
    }
    const underlying = this.underlyingOf(row, future?.underlyingKey ?? row.underlyingKey);
    const expiry = this.dateOf(row.expiry);
    return {
      identity: identityOf(underlying.key, expiry, row.strike, row.type),
      underlying,
      expiry,
      strike: row.strike,
      type: row.type,
      instrumentKey: row.instrumentKey,
      lotSize: row.lotSize,
      weekly: row.weekly,
      tradingSymbol: row.tradingSymbol,
      futureKey: future?.instrumentKey ?? null,
    };
  }

  private underlyingOf(row: MasterRow, key: string): MasterUnderlying {
    const known = this.underlyings.get(key);
    if (known) return known;
    const { symbol, exchange, kind } = row;
    const underlying = { key, symbol, name: this.names.get(key) ?? row.name, exchange, kind };
    this.underlyings.set(key, underlying);
    return underlying;
  }

  private dateOf(expiry: EpochMs): IsoDate {
    const known = this.dates.get(expiry);
    if (known) return known;
    const date = istDate(expiry);
    this.dates.set(expiry, date);
    return date;
  }
}

function sample(row: MasterRow): string {
  return `${row.instrumentKey} ${row.tradingSymbol}`;
}
