import { daysBetween, type IsoDate, istStamp, MINUTE_MS } from '../ist.js';
import type { CandleRow, LegAnswer, MarketQuote } from '../market.js';
import { black76, type Greeks, smile } from './black76.js';
import type { Contract } from './contracts.js';
import type { LegPath } from './leg-path.js';
import { hash32 } from './random.js';
import { type SpotPath, spotAt, toTick } from './spot-path.js';

const RATE = 0.065;
const YEAR_MINUTES = 365 * 1440;

const round = (x: number, digits: number): number => Number(x.toFixed(digits));

/** One contract of the demo market on its day: premium, OI and volume at any minute of the session. */
export class GeneratedLeg {
  constructor(
    readonly contract: Contract,
    private readonly path: LegPath,
    private readonly spot: SpotPath,
    private readonly date: IsoDate,
  ) {}

  private get lot(): number {
    return this.contract.underlying.lot;
  }

  /** Years to expiry, never below five minutes. */
  private years(minute: number): number {
    const days = daysBetween(this.date, this.contract.expiry.date);
    return Math.max(5, days * 1440 + this.spot.minutes - minute) / YEAR_MINUTES;
  }

  /** Price and greeks at a minute; a future is worth its forward. */
  private value(minute: number): Greeks & { iv: number } {
    const { type, strike, underlying } = this.contract;
    const years = this.years(minute);
    const forward = spotAt(this.spot, minute) * Math.exp(RATE * years);
    if (type === 'FUT') return { price: forward, delta: 1, gamma: 0, theta: 0, vega: 0, itm: 1, iv: 0 };
    const iv = smile(underlying.iv, forward, strike, years);
    return { ...black76(type === 'CE', forward, strike, iv, years), iv };
  }

  /** Last traded price, rupees: the model's value with a trader's haggling of 0.3 %. */
  private ltp(minute: number): number {
    const haggle =
      (hash32(this.contract.row.instrument_key, this.date, minute) / 4_294_967_296 - 0.5) * 0.006;
    const noise = this.contract.type === 'FUT' ? haggle / 20 : haggle;
    return Math.max(0.05, toTick(this.value(minute).price * (1 + noise)));
  }

  private previousClose(): number {
    return Math.max(0.05, toTick(this.value(-1).price));
  }

  /** OI in units; before the session the previous one's. */
  oi(minute: number): number {
    return this.lot * (minute < 0 ? this.path.previousLots : (this.path.oi[minute] ?? 0));
  }

  /** Cumulative volume in units. */
  volume(minute: number): number {
    return this.lot * (minute < 0 ? 0 : (this.path.volume[minute] ?? 0));
  }

  get previousOi(): number {
    return this.lot * this.path.previousLots;
  }

  private listedOnly(minute: number): boolean {
    return this.oi(minute) === 0 && this.volume(minute) === 0;
  }

  /** The leg as the option chain answers it. */
  answer(minute: number): LegAnswer {
    const key = this.contract.row.instrument_key;
    const value = this.value(minute);
    const ltp = this.listedOnly(minute) ? 0 : minute < 0 ? this.previousClose() : this.ltp(minute);
    const bid = ltp === 0 ? 0 : Math.max(0.05, toTick(ltp * 0.9985));
    const ask = ltp === 0 ? 0 : toTick(ltp * 1.0015 + 0.05);
    const qty = this.lot * (1 + (hash32(key, minute, 'depth') % 20));
    return {
      instrument_key: key,
      market_data: {
        ...{ ltp, volume: this.volume(minute), oi: this.oi(minute), close_price: this.previousClose() },
        ...{ bid_price: bid, bid_qty: bid ? qty : 0, ask_price: ask, ask_qty: ask ? qty : 0 },
        prev_oi: this.previousOi,
      },
      option_greeks: {
        ...{ vega: round(value.vega, 4), theta: round(value.theta, 4), gamma: round(value.gamma, 4) },
        ...{ delta: round(value.delta, 4), iv: round(value.iv * 100, 2), pop: round(value.itm * 100, 2) },
      },
    };
  }

  private range(minute: number, value: (m: number) => number): { open: number; high: number; low: number } {
    let [high, low] = [-Infinity, Infinity];
    for (let m = 0; m <= minute; m++) {
      high = Math.max(high, value(m));
      low = Math.min(low, value(m));
    }
    return { open: value(0), high, low };
  }

  quote(minute: number, t: number): MarketQuote {
    const traded = !this.listedOnly(minute);
    const day = minute < 0 ? null : this.range(minute, (m) => this.ltp(m));
    const oi = minute < 0 ? null : this.range(minute, (m) => this.oi(m));
    const time = minute < 0 ? t : Math.min(t, this.spot.open + (minute + 1) * MINUTE_MS);
    return {
      ...{ instrumentKey: this.contract.row.instrument_key, time, previousOi: this.previousOi },
      lastPrice: traded ? (minute < 0 ? this.previousClose() : this.ltp(minute)) : 0,
      ...{ volume: this.volume(minute), oi: this.oi(minute), previousClose: this.previousClose() },
      ...{ open: day?.open ?? null, high: day?.high ?? null, low: day?.low ?? null },
      ...{ oiDayHigh: oi?.high ?? null, oiDayLow: oi?.low ?? null },
    };
  }

  /** Candles of the minutes in which the leg traded, as the broker builds them; newest first. */
  candles(minute: number): CandleRow[] {
    const rows: CandleRow[] = [];
    for (let m = minute; m >= 0; m--) {
      const volume = this.volume(m) - this.volume(m - 1);
      if (volume === 0) continue;
      const [open, close] = [this.ltp(Math.max(0, m - 1)), this.ltp(m)];
      const [high, low] = [Math.max(open, close), Math.min(open, close)];
      rows.push([istStamp(this.spot.open + m * MINUTE_MS), open, high, low, close, volume, this.oi(m)]);
    }
    return rows;
  }
}
