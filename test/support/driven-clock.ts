import { Clock } from '../../server/clock/clock.js';
import type { EpochMs } from '../../server/domain/units.js';

interface Sleeper {
  at: EpochMs;
  wake: () => void;
}

/**
 * Stands still until it is told to move, and says how many wait for it. Its `rate` only makes the scheduled jobs look
 * more often; no time passes by itself.
 */
export class DrivenClock extends Clock {
  private waiting: Sleeper[] = [];
  /** Who waits for the next one to begin to sleep. */
  private onlooker: { sees: Promise<void>; tell: () => void } | null = null;

  constructor(
    private time: EpochMs,
    readonly rate = 20,
  ) {
    super();
  }

  now(): EpochMs {
    return this.time;
  }

  /** Who sleeps on this clock now. */
  get sleepers(): number {
    return this.waiting.length;
  }

  /** Resolves when the next one begins to sleep. */
  nextSleeper(): Promise<void> {
    if (this.onlooker) return this.onlooker.sees;
    let tell = (): void => undefined;
    const sees = new Promise<void>((resolve) => (tell = resolve));
    this.onlooker = { sees, tell };
    return sees;
  }

  /** Moves in either direction, as real clocks do, and wakes who is due. */
  set(to: EpochMs): void {
    this.time = to;
    const due = this.waiting.filter((one) => one.at <= to).sort((a, b) => a.at - b.at);
    this.waiting = this.waiting.filter((one) => one.at > to);
    for (const one of due) one.wake();
  }

  advance(ms: number): void {
    this.set(this.time + ms);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const one = { at: this.time + ms, wake: resolve };
      signal?.addEventListener(
        'abort',
        () => {
          this.waiting = this.waiting.filter((other) => other !== one);
          reject(signal.reason as Error);
        },
        { once: true },
      );
      this.waiting.push(one);
      this.onlooker?.tell();
      this.onlooker = null;
    });
  }
}
