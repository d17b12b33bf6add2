import { atmStrike } from './atm.js';

/**
 * Max pain: the listed strike at which all options together have the least intrinsic value, `argmin_K Σ_k
 * callOi(k)·max(0, K − k) + Σ_k putOi(k)·max(0, k − K)` over the whole chain; on a tie the strike nearest to
 * spot, then (or without spot) the lower one. Definition: Glassnode, Quantsapp, Zerodha Varsity. The lot
 * cancels out.
 *
 * The sum is convex and piecewise linear in K: from one strike to the next it moves by the gap times `Σ_{k ≤
 * K} callOi − Σ_{k > K} putOi`. The least strikes are those where this slope turns from negative to positive,
 * so sums of whole units decide alone: O(n), and exact, with no product that could round.
 *
 * @param strikes rupees, strictly ascending.
 * @param callOi units, one per strike; `NaN` = unknown, left out.
 * @param putOi likewise.
 * @returns `null` when no OI is known.
 */
export function maxPain(
  strikes: ArrayLike<number>,
  callOi: ArrayLike<number>,
  putOi: ArrayLike<number>,
  spot: number | null,
): number | null {
  if (!hasKnown(callOi) && !hasKnown(putOi)) return null;
  const least: number[] = [];
  let slope = -sumKnown(putOi);
  for (let i = 0; i < strikes.length; i++) {
    const slopeBefore = i === 0 ? -Infinity : slope;
    slope += orZero(callOi[i]) + orZero(putOi[i]);
    const slopeAfter = i === strikes.length - 1 ? Infinity : slope;
    if (slopeBefore <= 0 && slopeAfter >= 0) least.push(strikes[i]!);
  }
  return atmStrike(least, spot) ?? least[0] ?? null;
}

/** An unknown OI takes no part in the sum. */
function orZero(oi: number | undefined): number {
  return oi === undefined || Number.isNaN(oi) ? 0 : oi;
}

function hasKnown(column: ArrayLike<number>): boolean {
  for (let i = 0; i < column.length; i++) if (!Number.isNaN(column[i])) return true;
  return false;
}

function sumKnown(column: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += orZero(column[i]);
  return sum;
}
