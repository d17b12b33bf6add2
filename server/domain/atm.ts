/** Distances are compared in millionths of a rupee, so that 100.05 lies as far from 100 as from 100.1. */
const STEPS_PER_RUPEE = 1_000_000;

/** Distance of a strike from spot in whole millionths of a rupee: decimal prices compare as written. */
export function distanceFromSpot(strike: number, spot: number): number {
  return Math.abs(Math.round((strike - spot) * STEPS_PER_RUPEE));
}

/**
 * The at-the-money strike: the listed strike nearest to spot, the lower one on a tie. The step between
 * strikes is never assumed.
 * @param strikes listed strikes in rupees.
 * @returns `null` when spot is unknown or nothing is listed.
 */
export function atmStrike(strikes: Iterable<number>, spot: number | null): number | null {
  if (spot === null) return null;
  let nearest: number | null = null;
  let least = Infinity;
  for (const strike of strikes) {
    const distance = distanceFromSpot(strike, spot);
    if (nearest === null || distance < least || (distance === least && strike < nearest)) {
      nearest = strike;
      least = distance;
    }
  }
  return nearest;
}
