/** The broker's standard limits: calls allowed per user and API in each window. */
export const LIMITS: readonly { windowMs: number; calls: number }[] = [
  { windowMs: 1_000, calls: 50 },
  { windowMs: 60_000, calls: 500 },
  { windowMs: 1_800_000, calls: 2_000 },
];

const LONGEST = LIMITS.reduce((a, l) => Math.max(a, l.windowMs), 0);

/** Sliding windows in virtual time. A refused call is not counted. */
export class RateLimiter {
  private readonly times = new Map<string, number[]>();

  /** Counts a call at `now` (epoch ms) and says whether it is allowed. */
  allow(user: string, api: string, now: number): boolean {
    const id = `${api}@${user}`;
    const kept = (this.times.get(id) ?? []).filter((t) => t > now - LONGEST && t <= now);
    this.times.set(id, kept);
    if (LIMITS.some((l) => countAfter(kept, now - l.windowMs) >= l.calls)) return false;
    kept.push(now);
    return true;
  }
}

/** How many of the ascending times are later than `from`. */
function countAfter(times: readonly number[], from: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) > from) high = middle;
    else low = middle + 1;
  }
  return times.length - low;
}
