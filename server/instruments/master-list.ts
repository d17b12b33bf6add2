import { istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { RefusedRow } from './import-report.js';
import { ListedChains } from './listed-chains.js';
import { KeptTexts } from './kept-texts.js';
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

const SAMPLES = 10;
const SAMPLE_LENGTH = 200;

/** Gathers the rows of one instrument file; `finish` ties options to their underlyings and futures. */
export class MasterList {
  /** Rows of the file, whatever they were. */
  rows = 0;
  ignored = 0;
  readonly refused = { count: 0, samples: [] as RefusedRow[] };
  /** Chain by chain, each by strike and type: nearly the order of the database's index. */
  readonly contracts: MasterContract[] = [];
  readonly underlyings = new Map<string, MasterUnderlying>();
  /** In the order of the file. */
  private readonly found: MasterContract[] = [];
  private readonly futures = new Map<string, MasterContract>();
  /** By symbol: what options that hang on a future belong to until all futures are known. */
  private readonly unresolved = new Map<string, MasterUnderlying>();
  private readonly names = new Map<string, string>();
  private readonly dates = new Map<EpochMs, IsoDate>();
  private readonly texts = new KeptTexts();
  private listed: readonly string[] = [];

  add(row: MasterRow): void {
    const hangsOnFuture = row.exchange === 'MCX' && row.type !== 'FUT';
    const contract: MasterContract = {
      underlying: hangsOnFuture ? this.unresolvedOf(row) : this.underlyingOf(row),
      expiry: this.dateOf(row.expiry),
      strike: row.strike,
      type: row.type,
      instrumentKey: row.instrumentKey,
      lotSize: row.lotSize,
      weekly: row.weekly,
      tradingSymbol: row.tradingSymbol,
      futureKey: hangsOnFuture ? this.texts.shared(row.underlyingKey) : null,
    };
    this.texts.add(contract);
    this.found.push(contract);
    if (row.type === 'FUT') this.futures.set(this.texts.shared(row.instrumentKey), contract);
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
    return [...this.listed];
  }

  /** Identifies every contract; rows that hang on nothing or come twice are refused. Call once, after the last row. */
  finish(): void {
    const tied = this.found.filter((contract) => this.tie(contract));
    const chains = new ListedChains(tied);
    const keys = new Set<string>();
    const dropped = new Set<MasterContract>();
    for (const contract of tied) {
      const { size } = keys;
      const isNew = keys.add(contract.instrumentKey).size > size;
      if (isNew && !chains.repeated.has(contract)) continue;
      this.refuse(
        `${isNew ? 'the same contract' : 'its instrument_key'} comes twice in the list`,
        sample(contract),
      );
      dropped.add(contract);
    }
    chains.each((contract) => {
      if (!dropped.has(contract)) this.contracts.push(contract);
    });
    this.found.length = 0;
    for (const one of this.underlyings.values()) one.name = this.names.get(one.key) ?? one.name;
    this.listed = [...new Set(this.contracts.map((contract) => contract.underlying.exchange))].sort();
  }

  /** Files an option of MCX under the commodity of its future. @returns whether the contract hangs on something. */
  private tie(contract: MasterContract): boolean {
    const { futureKey, underlying } = contract;
    if (futureKey === null) return true;
    const future = this.futures.get(futureKey);
    if (future?.underlying.symbol === underlying.symbol) {
      contract.underlying = future.underlying;
      return true;
    }
    this.refuse(`the future it hangs on (${futureKey}) is not in the list`, sample(contract));
    return false;
  }

  private underlyingOf(row: MasterRow): MasterUnderlying {
    const known = this.underlyings.get(row.underlyingKey);
    if (known) return known;
    const underlying = this.newUnderlying(row);
    this.underlyings.set(underlying.key, underlying);
    return underlying;
  }

  private unresolvedOf(row: MasterRow): MasterUnderlying {
    const known = this.unresolved.get(row.symbol);
    if (known) return known;
    const underlying = this.newUnderlying(row);
    this.unresolved.set(underlying.symbol, underlying);
    return underlying;
  }

  private newUnderlying({ underlyingKey, symbol, name, exchange, kind }: MasterRow): MasterUnderlying {
    const { texts } = this;
    return {
      key: texts.shared(underlyingKey),
      symbol: texts.shared(symbol),
      name: texts.shared(name),
      exchange: texts.shared(exchange),
      kind,
    };
  }

  private dateOf(expiry: EpochMs): IsoDate {
    const known = this.dates.get(expiry);
    if (known) return known;
    const date = istDate(expiry);
    this.dates.set(expiry, date);
    return date;
  }
}

function sample(contract: MasterContract): string {
  return `${contract.instrumentKey} ${contract.tradingSymbol}`;
}
