import { readFile } from 'node:fs/promises';
import { holidaysOf, timingsOn } from '../calendar.js';
import { type IsoDate, istDate, istStamp, MINUTE_MS } from '../ist.js';
import type {
  CandleRow,
  HolidayRow,
  InstrumentRow,
  Market,
  MarketQuote,
  MasterName,
  StrikeAnswer,
  TimingRow,
} from '../market.js';
import { chainName, readDay, type RecordedDay } from './day-file.js';
import { filterMaster, readMaster } from './master-file.js';
import { type PrevOi, readPrevOi } from './prev-oi-file.js';
import { ChainReader } from './recorded-chain.js';

export interface RecordedMarketFiles {
  /** The broker's instrument master, `.json.gz`. */
  instrumentsFile: string;
  /** The recorded day, `.csv.gz`. */
  dayFile: string;
  /** Closing OI of the session before, `.csv.gz`; without it `prev_oi` is left out of the answers. */
  prevOiFile?: string | undefined;
}

type OptionType = 'CE' | 'PE';
const UNTOLD = { previousOi: null, previousClose: null, open: null, high: null, low: null };

class RecordedMarket implements Market {
  readonly date: IsoDate;
  readonly warnings: readonly string[];
  private readonly readers = new Map<string, ChainReader>();
  private readonly rowsByKey: Map<string, InstrumentRow>;
  /** Chains of an underlying key, by expiry. */
  private readonly byUnderlying = new Map<string, Map<IsoDate, ChainReader>>();

  constructor(
    private readonly rows: readonly InstrumentRow[],
    private readonly day: RecordedDay,
    prevOi: PrevOi,
    private readonly masterFile: string,
  ) {
    this.date = day.date;
    this.rowsByKey = new Map(rows.map((r) => [r.instrument_key, r]));
    this.join(this.optionsByChain(), prevOi);
    this.warnings = this.describeUnlisted();
  }

  /** Options of the recorded chains, by chain. */
  private optionsByChain(): Map<string, InstrumentRow[]> {
    const options = new Map([...this.day.chains.keys()].map((name) => [name, [] as InstrumentRow[]]));
    for (const row of this.rows) {
      if (row.instrument_type !== 'CE' && row.instrument_type !== 'PE') continue;
      options.get(chainName(row.underlying_symbol ?? '', istDate(row.expiry ?? 0)))?.push(row);
    }
    return options;
  }

  private join(options: Map<string, InstrumentRow[]>, prevOi: PrevOi): void {
    for (const [name, chain] of this.day.chains) {
      const rows = options.get(name) ?? [];
      const reader = new ChainReader(this.day, chain, rows, prevOi);
      this.readers.set(name, reader);
      for (const key of new Set(rows.map((r) => r.underlying_key ?? ''))) {
        const expiries = this.byUnderlying.get(key) ?? new Map<IsoDate, ChainReader>();
        this.byUnderlying.set(key, expiries.set(chain.expiry, reader));
      }
    }
  }

  private describeUnlisted(): string[] {
    const counts = [...this.readers.values()].map((r) => ({ chain: r.chain, legs: r.unlistedLegs() }));
    const short = counts.filter((c) => c.legs > 0);
    const first = short[0]?.chain;
    if (!first) return [];
    const legs = short.reduce((sum, c) => sum + c.legs, 0);
    const where = `${short.length} chains, the first ${first.symbol} ${first.expiry}`;
    return [
      `${legs} recorded legs have no contract in the master (${where}); they are answered without a key`,
    ];
  }

  instruments(): readonly InstrumentRow[] {
    return this.rows;
  }

  /** The whole file as it is; the per-exchange ones are cut out of it. */
  master(name: MasterName): Promise<Buffer> {
    return name === 'complete' ? readFile(this.masterFile) : filterMaster(this.masterFile, name);
  }

  private newestSpot(key: string, t: number): { time: number; spot: number } | null {
    let newest: { time: number; spot: number } | null = null;
    for (const reader of this.byUnderlying.get(key)?.values() ?? []) {
      const snapshot = reader.at(t);
      const spot = reader.spot(snapshot);
      if (spot !== null && reader.time(snapshot) > (newest?.time ?? -Infinity))
        newest = { time: reader.time(snapshot), spot };
    }
    return newest;
  }

  underlyingSpot(underlyingKey: string, t: number): number | null {
    return this.newestSpot(underlyingKey, t)?.spot ?? null;
  }

  chain(underlyingKey: string, expiry: IsoDate, t: number): StrikeAnswer[] | null {
    const expiries = this.byUnderlying.get(underlyingKey);
    if (!expiries) return this.isUnderlying(underlyingKey) ? [] : null;
    return expiries.get(expiry)?.answer(underlyingKey, t) ?? [];
  }

  /** Listed, but not recorded. The chain endpoint serves no MCX underlying. */
  private isUnderlying(key: string): boolean {
    return this.rowsByKey.has(key) && !key.startsWith('MCX');
  }

  private find(key: string): { reader: ChainReader; strike: number; type: OptionType } | null {
    const row = this.rowsByKey.get(key);
    const type = row?.instrument_type;
    if (row?.expiry === undefined || (type !== 'CE' && type !== 'PE')) return null;
    const reader = this.readers.get(chainName(row.underlying_symbol ?? '', istDate(row.expiry)));
    return reader ? { reader, strike: row.strike_price ?? 0, type } : null;
  }

  quote(key: string, t: number): MarketQuote | null {
    const found = this.find(key);
    if (!found) return this.spotQuote(key, t);
    const { reader, strike, type } = found;
    const snapshot = reader.at(t);
    const leg = snapshot < 0 ? null : reader.legAt(snapshot, strike, type);
    if (!leg) return null;
    return {
      ...{
        ...UNTOLD,
        instrumentKey: key,
        time: reader.time(snapshot),
        lastPrice: leg.ltp,
        volume: leg.volume,
      },
      ...{ oi: leg.oi, previousOi: reader.previousOi(strike, type), oiDayHigh: null, oiDayLow: null },
    };
  }

  private spotQuote(key: string, t: number): MarketQuote | null {
    const newest = this.newestSpot(key, t);
    if (!newest) return null;
    return {
      ...{ ...UNTOLD, instrumentKey: key, time: newest.time, lastPrice: newest.spot, volume: 0, oi: 0 },
      ...{ previousOi: 0, oiDayHigh: 0, oiDayLow: 0 },
    };
  }

  candles(key: string, t: number): CandleRow[] | null {
    const found = this.find(key);
    if (found) return found.reader.candles(found.strike, found.type, t);
    return this.rowsByKey.has(key) ? this.spotCandles(key, t) : null;
  }

  private spotCandles(key: string, t: number): CandleRow[] {
    const byMinute = new Map<number, number>();
    for (const reader of this.byUnderlying.get(key)?.values() ?? [])
      for (let s = 0; s <= reader.at(t); s++) {
        const spot = reader.spot(s);
        if (spot !== null) byMinute.set(Math.floor(reader.time(s) / MINUTE_MS) * MINUTE_MS, spot);
      }
    const newestFirst = [...byMinute].sort(([a], [b]) => b - a);
    return newestFirst.map(([minute, spot]) => [istStamp(minute), spot, spot, spot, spot, 0, 0]);
  }

  timings(date: IsoDate): TimingRow[] {
    return timingsOn(date, this.date);
  }

  holidays(): HolidayRow[] {
    return holidaysOf(this.date);
  }
}

/**
 * A market that answers from a recorded day and the instrument master of that day. A chain at a time is the newest
 * recorded snapshot at or before it, flaws included; nothing is filled in.
 * @throws Error in words when a file cannot be read or is not of its form.
 */
export async function recordedMarket(files: RecordedMarketFiles): Promise<Market> {
  const day = await readDay(files.dayFile);
  const prevOi = files.prevOiFile ? await readPrevOi(files.prevOiFile) : new Map<string, number>();
  return new RecordedMarket(await readMaster(files.instrumentsFile), day, prevOi, files.instrumentsFile);
}
