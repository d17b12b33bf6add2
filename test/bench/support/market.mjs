/** A chain whose OI, prices and volumes walk minute by minute; the same seed gives the same market on every machine. */
import { random } from './random.mjs';

const LOT = 65;
const STEP = 50;
/** Shares of the legs whose cell moves in a minute. Around the money nearly all do, far from it few. */
const MOVES = { oi: 0.3, ltp: 0.6, volume: 0.5 };

export const UNDERLYING = 'NSE_INDEX|Bench 50';
export const SYMBOL = 'BENCH';
export const DATE = '2026-08-18';
export const EXPIRY = '2026-08-25';
/** 09:15 IST of the day: the session has 385 minutes. */
export const SESSION_START = Date.parse(`${DATE}T09:15:00+05:30`);
export const SESSION_SLOTS = 385;
export const MINUTE = 60_000;
export const CHAIN = { underlying: UNDERLYING, expiry: EXPIRY };

export class BenchMarket {
  #random;
  #moves;
  #legs;
  #middle;
  #spot;

  /**
   * @param strikes number of strikes; each has a call and a put
   * @param moves shares of the legs whose OI, price and volume move in a minute
   */
  constructor(strikes = 125, { seed = 7, moves = MOVES } = {}) {
    this.#moves = moves;
    this.#random = random(seed);
    this.strikes = Array.from({ length: strikes }, (_, i) => 20_000 + i * STEP);
    this.#middle = this.strikes[strikes >> 1];
    this.#spot = this.#middle + 7.35;
    this.#legs = this.strikes.flatMap((strike) => [this.#born(strike, 1), this.#born(strike, -1)]);
  }

  #born(strike, side) {
    const away = Math.abs(strike - this.#middle) / STEP;
    const crowd = 40 / (1 + away / 4);
    const oi = LOT * (200 + Math.floor(this.#random() * 3_000 * crowd));
    return {
      oi,
      prevOi: LOT * Math.floor(oi / LOT / 1.4),
      ltp: 5 + Math.floor(this.#random() * 400) + side,
      volume: 0,
    };
  }

  /** Lets a minute pass. */
  step() {
    const r = this.#random;
    const moves = this.#moves;
    this.#spot = Math.round((this.#spot + (r() - 0.5) * 6) * 100) / 100;
    for (const leg of this.#legs) {
      if (r() < moves.oi) leg.oi = Math.max(LOT, leg.oi + LOT * Math.round((r() - 0.45) * 400));
      if (r() < moves.ltp) leg.ltp = Math.max(0.05, Math.round((leg.ltp + (r() - 0.5) * 4) * 20) / 20);
      if (r() < moves.volume) leg.volume += LOT * Math.floor(1 + r() * 500);
    }
  }

  /** The chain as `domain/snapshot.ts` has it. */
  quote() {
    const strikes = this.strikes.map((strike, i) => ({
      strike,
      call: { ...this.#legs[2 * i] },
      put: { ...this.#legs[2 * i + 1] },
    }));
    return { spot: this.#spot, strikes };
  }

  /** The chain as the broker's `GET /v2/option/chain` answers it, all fields included. */
  answer() {
    const data = this.strikes.map((strike_price, i) => ({
      expiry: EXPIRY,
      pcr: 0.9132,
      strike_price,
      underlying_key: UNDERLYING,
      underlying_spot_price: this.#spot,
      call_options: this.#option(2 * i),
      put_options: this.#option(2 * i + 1),
    }));
    return JSON.stringify({ status: 'success', data });
  }

  #option(leg) {
    const { oi, prevOi, ltp, volume } = this.#legs[leg];
    return {
      instrument_key: keyOf(leg),
      market_data: {
        ...{ ltp, volume, oi, close_price: ltp },
        ...{ bid_price: ltp, bid_qty: LOT, ask_price: ltp, ask_qty: LOT, prev_oi: prevOi },
      },
      option_greeks: { vega: 4.1322, theta: -8.4137, gamma: 0.0005, delta: 0.5132, iv: 11.43, pop: 47.26 },
    };
  }

  /** The rows of the instrument master for this chain. */
  master() {
    const expiry = Date.parse(`${EXPIRY}T23:59:59+05:30`);
    return this.strikes.flatMap((strike_price, i) =>
      ['CE', 'PE'].map((instrument_type, side) => ({
        ...{ name: 'Bench 50', segment: 'NSE_FO', exchange: 'NSE', expiry, instrument_type },
        ...{ instrument_key: keyOf(2 * i + side), exchange_token: String(50_000 + 2 * i + side) },
        trading_symbol: `${SYMBOL} ${strike_price} ${instrument_type} 25 AUG 26`,
        ...{ tick_size: 5, lot_size: LOT, freeze_quantity: 1800, minimum_lot: LOT, strike_price },
        ...{ underlying_key: UNDERLYING, underlying_type: 'INDEX', underlying_symbol: SYMBOL, weekly: true },
      })),
    );
  }
}

const keyOf = (leg) => `NSE_FO|${50_000 + leg}`;
