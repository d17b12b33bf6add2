import { holidaysOf, timingsOn } from '../calendar.js';
import { isIsoDate, type IsoDate } from '../ist.js';
import type {
  CandleRow,
  HolidayRow,
  InstrumentRow,
  Market,
  MarketQuote,
  StrikeAnswer,
  TimingRow,
} from '../market.js';
import { CATALOGUE, type Underlying } from './catalogue.js';
import { type Contract, futuresOf, optionsOf, spotRow } from './contracts.js';
import { GeneratedChain } from './generated-chain.js';
import { GeneratedLeg } from './generated-leg.js';
import { legPath } from './leg-path.js';
import { Random } from './random.js';
import { minuteAt, spotCandles, type SpotPath, spotAt, spotPath, spotQuote } from './spot-path.js';

/** Everything of one underlying on the day. */
interface Listing {
  underlying: Underlying;
  options: Contract[];
  futures: Contract[];
}

const chainId = (underlyingKey: string, expiry: IsoDate): string => `${underlyingKey}@${expiry}`;

class GeneratedMarket implements Market {
  readonly warnings: readonly string[] = [];
  private readonly listings: Listing[];
  private rows: InstrumentRow[] | null = null;
  private readonly spots = new Map<string, SpotPath>();
  private readonly contracts = new Map<string, Contract>();
  private readonly byChain = new Map<string, Contract[]>();
  private readonly chains = new Map<string, GeneratedChain>();
  private readonly futures = new Map<string, GeneratedLeg>();

  constructor(
    readonly date: IsoDate,
    private readonly seed: number,
  ) {
    this.listings = CATALOGUE.map((u) => this.list(u));
  }

  private list(underlying: Underlying): Listing {
    const spot = spotPath(underlying, this.date, this.seed);
    const options = optionsOf(underlying, this.date, spot.previousClose);
    const futures = futuresOf(underlying, this.date);
    this.spots.set(underlying.key, spot);
    for (const c of [...futures, ...options]) {
      this.contracts.set(c.row.instrument_key, c);
      this.spots.set(c.underlyingKey, spot);
    }
    for (const c of options) {
      const id = chainId(c.underlyingKey, c.expiry.date);
      const contracts = this.byChain.get(id);
      if (contracts) contracts.push(c);
      else this.byChain.set(id, [c]);
    }
    return { underlying, options, futures };
  }

  instruments(): readonly InstrumentRow[] {
    this.rows ??= this.listings.flatMap(({ underlying, options, futures }) => {
      const spot = spotRow(underlying);
      return [...(spot ? [spot] : []), ...[...futures, ...options].map((c) => c.row)];
    });
    return this.rows;
  }

  underlyingSpot(underlyingKey: string, t: number): number | null {
    const path = this.spots.get(underlyingKey);
    return path ? spotAt(path, minuteAt(path, t)) : null;
  }

  /** The path of an index or share; a commodity has no instrument of its own. */
  private spotWithRow(key: string): SpotPath | null {
    return key.startsWith('MCX_COM') ? null : (this.spots.get(key) ?? null);
  }

  private spotOf(c: Contract): SpotPath {
    return this.spots.get(c.underlying.key) as SpotPath;
  }

  private chainOf(underlyingKey: string, expiry: IsoDate): GeneratedChain | null {
    const id = chainId(underlyingKey, expiry);
    const contracts = this.byChain.get(id);
    if (!contracts?.[0]) return null;
    const known = this.chains.get(id);
    if (known) return known;
    const chain = new GeneratedChain(contracts, this.spotOf(contracts[0]), this.date, this.seed);
    this.chains.set(id, chain);
    return chain;
  }

  chain(underlyingKey: string, expiry: IsoDate, t: number): StrikeAnswer[] | null {
    const path = this.spots.get(underlyingKey);
    if (!path || underlyingKey.startsWith('MCX')) return null;
    return this.chainOf(underlyingKey, expiry)?.answer(minuteAt(path, t)) ?? [];
  }

  /** A future: one liquid leg without a strike. */
  private future(c: Contract): GeneratedLeg {
    const key = c.row.instrument_key;
    const known = this.futures.get(key);
    if (known) return known;
    const spot = this.spotOf(c);
    const lots = Math.round(c.underlying.callLots * ([0.09, 0.03, 0.005][c.expiry.rank] ?? 0.002)) + 300;
    const shape = { previousLots: lots, liquidity: 0.9, near: 0.2, distance: 0 };
    const random = new Random(this.seed, this.date, key);
    const log = new Float64Array(spot.minutes);
    const path = legPath({ shape, random, log, expiryDay: c.expiry.date === this.date, tilt: 0 });
    const leg = new GeneratedLeg(c, path, spot, this.date);
    this.futures.set(key, leg);
    return leg;
  }

  private leg(key: string): GeneratedLeg | null {
    const c = this.contracts.get(key);
    if (!c) return null;
    return c.type === 'FUT' ? this.future(c) : (this.chainOf(c.underlyingKey, c.expiry.date)?.leg(c) ?? null);
  }

  quote(key: string, t: number): MarketQuote | null {
    const leg = this.leg(key);
    if (leg) return leg.quote(minuteAt(this.spotOf(leg.contract), t), t);
    const path = this.spotWithRow(key);
    return path && spotQuote(key, path, t);
  }

  candles(key: string, t: number): CandleRow[] | null {
    const leg = this.leg(key);
    if (leg) return leg.candles(minuteAt(this.spotOf(leg.contract), t));
    const path = this.spotWithRow(key);
    return path && spotCandles(path, minuteAt(path, t));
  }

  timings(date: IsoDate): TimingRow[] {
    return timingsOn(date, this.date);
  }

  holidays(): HolidayRow[] {
    return holidaysOf(this.date);
  }
}

/**
 * The demo market: a generated day that needs no file. The same seed and date give the same day, leg by leg and minute
 * by minute, whatever is asked for first. Every value is constant within its minute.
 * @param options.date a date `YYYY-MM-DD`, which trades in full even on a weekend.
 * @throws RangeError when the date is none.
 */
export function generatedMarket(options: { seed?: number; date: IsoDate }): Market {
  if (!isIsoDate(options.date)) throw new RangeError(`not a date: ${options.date}`);
  return new GeneratedMarket(options.date, options.seed ?? 1);
}
