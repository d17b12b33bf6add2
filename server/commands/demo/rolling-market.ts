import type { Market } from '../../simulator/market.js';

/** A market whose day follows the clock: the generated demo goes on from one trading day to the next. */
export function rollingMarket(dateNow: () => string, dayOf: (date: string) => Market): Market {
  let current = dayOf(dateNow());
  const today = (): Market => {
    const date = dateNow();
    // On a day off the last trading day stays: its closing values are what a broker answers then.
    if (date !== current.date && isTradingDay(current, date)) current = dayOf(date);
    return current;
  };
  return {
    get date() {
      return today().date;
    },
    get warnings() {
      return today().warnings;
    },
    instruments: () => today().instruments(),
    underlyingSpot: (key, t) => today().underlyingSpot(key, t),
    chain: (key, expiry, t) => today().chain(key, expiry, t),
    quote: (key, t) => today().quote(key, t),
    candles: (key, t) => today().candles(key, t),
    timings: (date) => today().timings(date),
    holidays: () => today().holidays(),
  };
}

function isTradingDay(market: Market, date: string): boolean {
  return market.timings(date).length > 0;
}
