import type { Clock } from '../clock/clock.js';
import { MINUTE_MS, SECOND_MS, type EpochMs } from '../domain/units.js';
import type { BrokerApi } from './broker.js';
import { BrokerThrottled } from './errors.js';
import { RollingWindows, type RateWindow } from './rolling-windows.js';

/** A window that is soon over is waited for; a long one is not. */
export interface PacingWindow extends RateWindow {
  readonly waitable: boolean;
}

/** The broker's limits per API and user (its rate-limit page), with 15 % of the 30-minute one kept to spare. */
export const UPSTOX_WINDOWS: readonly PacingWindow[] = [
  { calls: 50, ms: SECOND_MS, waitable: true },
  { calls: 500, ms: MINUTE_MS, waitable: true },
  { calls: 1_700, ms: 30 * MINUTE_MS, waitable: false },
];

export interface PacingOptions {
  readonly windows: readonly PacingWindow[];
  /** The longest a call waits for room, in the clock's ms. */
  readonly maxWaitMs: number;
  /** First back-off after a 429 that names no time; doubles with each further one. */
  readonly backOffMs: number;
  readonly backOffCapMs: number;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
}

const DEFAULTS: PacingOptions = {
  windows: UPSTOX_WINDOWS,
  maxWaitMs: 15 * SECOND_MS,
  backOffMs: 2 * SECOND_MS,
  backOffCapMs: MINUTE_MS,
  random: Math.random,
};
/** No server needs to hold us off longer than its longest window. */
const RETRY_AFTER_CAP_MS = 30 * MINUTE_MS;
/** After a 429, one call per second feels the way until one is answered. */
const PROBE_MS = SECOND_MS;

interface Bucket {
  readonly windows: RollingWindows;
  /** No call before this time, and when that was set: a clock set back must not prolong it. */
  blockedMs: number;
  blockedAt: EpochMs;
  /** 429s in a row. */
  strikes: number;
}

/** Keeps the calls of each (API, user) within the broker's limits, in the time of the server's clock. */
export class Pacer {
  private readonly options: PacingOptions;
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly clock: Clock,
    options: Partial<PacingOptions> = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * Resolves when a call may leave, and counts it.
   * @param signal ends the waiting early.
   * @throws BrokerThrottled when the 30-minute budget is gone, a back-off is long, or the wait would be.
   */
  async acquire(api: BrokerApi, userId: string, signal?: AbortSignal): Promise<void> {
    const bucket = this.bucket(api, userId);
    let waited = 0;
    for (;;) {
      const { ms, waitable } = this.wait(bucket, this.clock.now());
      if (ms <= 0) return bucket.windows.record(this.clock.now());
      if (!waitable || waited + ms > this.options.maxWaitMs || signal?.aborted) throw paced(ms);
      await this.clock.sleep(ms, signal).catch(() => {
        throw paced(ms);
      });
      waited += ms;
    }
  }

  /** Calls that fit now; 0 during a back-off. */
  budget(api: BrokerApi, userId: string): number {
    const now = this.clock.now();
    const bucket = this.bucket(api, userId);
    if (blockLeft(bucket, now) > 0) return 0;
    const left = bucket.windows.left(now);
    return bucket.strikes > 0 ? Math.min(left, 1) : left;
  }

  /**
   * The broker answered 429: nothing leaves until the back-off is over.
   * @param retryAfterMs what the broker asked for, `null` when it did not say.
   * @returns ms until calls are let through again.
   */
  throttled(api: BrokerApi, userId: string, retryAfterMs: number | null): number {
    const now = this.clock.now();
    const bucket = this.bucket(api, userId);
    const left = blockLeft(bucket, now);
    // Answers to calls that were under way when the block began are one event, not many.
    if (left <= 0) bucket.strikes += 1;
    const asked =
      retryAfterMs === null ? null : Math.min(Math.max(retryAfterMs, SECOND_MS), RETRY_AFTER_CAP_MS);
    const block = left > 0 ? Math.max(left, asked ?? 0) : (asked ?? this.backOff(bucket.strikes));
    bucket.blockedMs = block;
    bucket.blockedAt = now;
    return block;
  }

  /** The broker answered with anything but 429. */
  answered(api: BrokerApi, userId: string): void {
    const bucket = this.bucket(api, userId);
    if (blockLeft(bucket, this.clock.now()) <= 0) bucket.strikes = 0;
  }

  private wait(bucket: Bucket, now: EpochMs): { ms: number; waitable: boolean } {
    let ms = blockLeft(bucket, now);
    let waitable = true;
    if (bucket.strikes > 0) ms = Math.max(ms, PROBE_MS - bucket.windows.sinceLast(now));
    for (const window of this.options.windows) {
      const wait = bucket.windows.wait(window, now);
      if (wait > 0 && !window.waitable) waitable = false;
      ms = Math.max(ms, wait);
    }
    return { ms, waitable };
  }

  /** Exponential with equal jitter: at least half of the step, so that a 429 is always followed by real quiet. */
  private backOff(strikes: number): number {
    const step = Math.min(this.options.backOffCapMs, this.options.backOffMs * 2 ** (strikes - 1));
    return Math.ceil(step / 2 + (this.options.random() * step) / 2);
  }

  private bucket(api: BrokerApi, userId: string): Bucket {
    const key = `${api} ${userId}`;
    let bucket = this.buckets.get(key);
    if (!bucket) {
      bucket = { windows: new RollingWindows(this.options.windows), blockedMs: 0, blockedAt: 0, strikes: 0 };
      this.buckets.set(key, bucket);
    }
    return bucket;
  }
}

function blockLeft(bucket: Bucket, now: EpochMs): number {
  if (now < bucket.blockedAt) bucket.blockedAt = now;
  return Math.max(0, bucket.blockedAt + bucket.blockedMs - now);
}

function paced(ms: number): BrokerThrottled {
  const seconds = Math.max(1, Math.ceil(ms / SECOND_MS));
  return new BrokerThrottled(
    `The broker's limit of calls is reached; the next one can go out in ${seconds} s`,
    ms,
  );
}
