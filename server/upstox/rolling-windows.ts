import type { EpochMs } from '../domain/units.js';

/** At most `calls` in any stretch of `ms` milliseconds. */
export interface RateWindow {
  readonly calls: number;
  readonly ms: number;
}

/**
 * Exact rolling windows over the times of past calls: for a window of n calls it is enough to look at the n-th last
 * one, so the times stand in a ring as long as the largest window. Windows are closed intervals: a call that is
 * exactly `ms` old still counts.
 */
export class RollingWindows {
  private readonly times: Float64Array;
  private recorded = 0;

  constructor(private readonly windows: readonly RateWindow[]) {
    this.times = new Float64Array(Math.max(...windows.map((w) => w.calls)));
  }

  /** Ms until `window` has room for a call; 0 = now. */
  wait(window: RateWindow, now: EpochMs): number {
    this.rebase(now);
    if (this.recorded < window.calls) return 0;
    return Math.max(0, this.nthLast(window.calls) + window.ms + 1 - now);
  }

  /** Ms since the last call; Infinity before the first. */
  sinceLast(now: EpochMs): number {
    this.rebase(now);
    return this.recorded === 0 ? Infinity : now - this.nthLast(1);
  }

  record(now: EpochMs): void {
    this.rebase(now);
    this.times[this.recorded % this.times.length] = now;
    this.recorded += 1;
  }

  /** Calls that fit at once: the least room of all windows. */
  left(now: EpochMs): number {
    this.rebase(now);
    return Math.min(...this.windows.map((w) => w.calls - this.used(w, now)));
  }

  private used(window: RateWindow, now: EpochMs): number {
    let low = 0;
    let high = Math.min(this.recorded, window.calls);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.nthLast(middle) >= now - window.ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private nthLast(n: number): number {
    return this.times[(this.recorded - n) % this.times.length] ?? -Infinity;
  }

  /** A clock that was set back must not lock the windows for as long as it went back: the past moves with it. */
  private rebase(now: EpochMs): void {
    if (this.recorded === 0) return;
    const back = this.nthLast(1) - now;
    if (back > 0) this.times.forEach((time, i) => (this.times[i] = time - back));
  }
}
