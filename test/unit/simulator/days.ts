import type { LegAnswer, Market, StrikeAnswer } from '../../../server/simulator/index.js';
import { istAt, istDate } from '../../../server/simulator/ist.js';

export const NIFTY = 'NSE_INDEX|Nifty 50';

/** Expiries of an underlying's options, ascending. */
export function expiriesOf(market: Market, underlyingKey: string): string[] {
  const options = market.instruments().filter((r) => r.underlying_key === underlyingKey && r.strike_price);
  return [...new Set(options.map((r) => istDate(r.expiry ?? 0)))].sort();
}

/** The chain in every minute from `from` to `to` (minutes after 00:00 IST). */
export function chainByMinute(
  market: Market,
  underlyingKey: string,
  expiry: string,
  from: number,
  to: number,
): StrikeAnswer[][] {
  return Array.from(
    { length: to - from },
    (_, i) => market.chain(underlyingKey, expiry, istAt(market.date, from + i)) ?? [],
  );
}

export const legsOf = (row: StrikeAnswer | undefined): LegAnswer[] =>
  [row?.call_options, row?.put_options].filter((leg) => leg !== undefined);

/** OI of every leg by minute: `series.get(instrumentKey)`; −1 where it is unknown. */
export function oiSeries(chains: readonly StrikeAnswer[][]): Map<string, number[]> {
  const series = new Map<string, number[]>();
  chains.forEach((rows, minute) => {
    for (const leg of rows.flatMap(legsOf)) {
      const key = leg.instrument_key ?? '';
      const known = series.get(key) ?? chains.map(() => -1);
      known[minute] = leg.market_data.oi ?? -1;
      series.set(key, known);
    }
  });
  return series;
}

/** Share of the minutes in which OI differs from the minute before. */
export function changeRate(oi: readonly number[]): number {
  const pairs = oi.slice(1).map((value, i) => [oi[i] ?? -1, value] as const);
  const known = pairs.filter(([a, b]) => a >= 0 && b >= 0);
  return known.filter(([a, b]) => a !== b).length / Math.max(1, known.length);
}

/** All percentage changes over `minutes`. */
export function changesOver(oi: readonly number[], minutes: number): number[] {
  return oi.slice(minutes).flatMap((now, i) => {
    const base = oi[i] ?? -1;
    return base > 0 && now >= 0 ? [100 * (now / base - 1)] : [];
  });
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
