import { daysBetween, type IsoDate, istStamp, MINUTE_MS } from '../ist.js';
import type { CandleRow, LegAnswer, MarketQuote } from '../market.js';
import { black76, type Greeks, smile } from './black76.js';
import type { Contract } from './contracts.js';
import type { LegPath } from './leg-path.js';
import { hash32, noiseAt } from './random.js';
import { type SpotPath, spotAt, toTick } from './spot-path.js';

const RATE = 0.065;
const YEAR_MINUTES = 365 * 1440;

/** Rounds to so many decimals: `scale` is 10 to their power. */
const round = (x: number, scale: number): number => Math.round(x * scale) / scale;

/** The greeks as the broker rounds them; `iv` and `pop` in percent. */
function greeksAnswer(value: Greeks & { iv: number }): LegAnswer['option_greeks'] {
  return {
    vega: round(value.vega, 1e4),
    theta: round(value.theta, 1e4),
    gamma: round(value.gamma, 1e4),
    delta: round(value.delta, 1e4),
    iv: round(value.iv * 100, 100),
    pop: round(value.itm * 100, 100),
  };
}

/** Extremes of a session from its first minute to `minute`; rupees, and units of OI. */
interface DaySoFar {
  minute: number;
  open: number;
  high: number;
  low: number;
  oiHigh: number;
  oiLow: number;
}

const NO_DAY: DaySoFar = {
  ...{ minute: -1, open: 0, high: -Infinity, low: Infinity },
  ...{ oiHigh: -Infinity, oiLow: Infinity },
};

/** One contract of the demo market on its day: premium, OI and volume at any minute of the session. */
export class GeneratedLeg {
  private readonly salt: number;
  private readonly daysLeft: number;
  private readonly previousClose: number;
  private day: DaySoFar = { ...NO_DAY };

  constructor(
    readonly contract: Contract,
    private readonly path: LegPath,
    private readonly spot: SpotPath,
    date: IsoDate,
  ) {
    this.salt = hash32(contract.row.instrument_key, date);
    this.daysLeft = daysBetween(date, contract.expiry.date);
    this.previousClose = Math.max(0.05, toTick(this.value(-1).price));
  }

  private get lot(): number {
    return this.contract.underlying.lot;
  }

  /** Years to expiry, never below five minutes. */
  private years(minute: number): number {
    return Math.max(5, this.daysLeft * 1440 + this.spot.minutes - minute) / YEAR_MINUTES;
  }

  /** Price and greeks at a minute; a future is worth its forward. */
  private value(minute: number): Greeks & { iv: number } {
    const { type, strike, underlying } = this.contract;
    const years = this.years(minute);
    const forward = spotAt(this.spot, minute) * Math.exp(RATE * years);
    if (type === 'FUT') return { price: forward, delta: 1, gamma: 0, theta: 0, vega: 0, itm: 1, iv: 0 };
    const iv = smile(underlying.iv, forward, strike, years);
    return Object.assign(black76(type === 'CE', forward, strike, iv, years), { iv });
  }

  /** Last traded price, rupees: the model's value with a trader's haggling of 0.3 %. */
  private ltp(minute: number, price = this.value(minute).price): number {
    const haggle = (noiseAt(this.salt, minute) - 0.5) * 0.006;
    const noise = this.contract.type === 'FUT' ? haggle / 20 : haggle;
    return Math.max(0.05, toTick(price * (1 + noise)));
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
    const value = this.value(minute);
    const ltp = this.lastPrice(minute, value.price);
    const quantity = this.lot * (1 + Math.floor(20 * noiseAt(~this.salt, minute)));
    return {
      instrument_key: this.contract.row.instrument_key,
      market_data: {
        ltp,
        volume: this.volume(minute),
        oi: this.oi(minute),
        close_price: this.previousClose,
        bid_price: ltp === 0 ? 0 : Math.max(0.05, toTick(ltp * 0.9985)),
        bid_qty: ltp === 0 ? 0 : quantity,
        ask_price: ltp === 0 ? 0 : toTick(ltp * 1.0015 + 0.05),
        ask_qty: ltp === 0 ? 0 : quantity,
        prev_oi: this.previousOi,
      },
      option_greeks: greeksAnswer(value),
    };
  }

  /** 0 for a leg that never traded. */
  private lastPrice(minute: number, price?: number): number {
    if (this.listedOnly(minute)) return 0;
    return minute < 0 ? this.previousClose : this.ltp(minute, price);
  }

  /** The day until a minute. A minute more adds to what is known; only a clock that was set back counts anew. */
  private dayUntil(minute: number): DaySoFar {
    if (this.day.minute > minute) this.day = { ...NO_DAY };
    const { day } = this;
    while (day.minute < minute) {
      day.minute += 1;
      const [price, oi] = [this.ltp(day.minute), this.oi(day.minute)];
      if (day.minute === 0) day.open = price;
      [day.high, day.low] = [Math.max(day.high, price), Math.min(day.low, price)];
      [day.oiHigh, day.oiLow] = [Math.max(day.oiHigh, oi), Math.min(day.oiLow, oi)];
    }
    return day;
  }

  quote(minute: number, t: number): MarketQuote {
    const day = minute < 0 ? null : this.dayUntil(minute);
    const time = minute < 0 ? t : Math.min(t, this.spot.open + (minute + 1) * MINUTE_MS);
    return {
      ...{ instrumentKey: this.contract.row.instrument_key, time, previousOi: this.previousOi },
      lastPrice: this.lastPrice(minute),
      ...{ volume: this.volume(minute), oi: this.oi(minute), previousClose: this.previousClose },
      ...{ open: day?.open ?? null, high: day?.high ?? null, low: day?.low ?? null },
      ...{ oiDayHigh: day?.oiHigh ?? null, oiDayLow: day?.oiLow ?? null },
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
