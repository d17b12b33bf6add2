import type { EpochMs } from '../domain/units.js';

/**
 * The one source of time of the server. Everything that asks "when", waits or schedules goes through it, so that a
 * replay at 60× and a test with a scripted clock run the very code that runs on a market day.
 */
export abstract class Clock {
  /** How much faster than real time this clock runs; 1 on a market day. */
  abstract readonly rate: number;

  /** Now, epoch ms. */
  abstract now(): EpochMs;

  /**
   * Resolves after `ms` of this clock's time.
   * @throws the signal's reason when `signal` is aborted first.
   */
  abstract sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Resolves after `ms` of real time; rejects with the signal's reason when it is aborted. The timer keeps the process alive. */
export function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for work, but no longer than `ms` of real time (`Infinity` = to its end). @returns whether it was done in time. */
export async function doneWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  if (!Number.isFinite(ms)) return work.then(() => true);
  const patience = new AbortController();
  const over = realSleep(ms, patience.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    patience.abort();
  }
}

/** Wall-clock time. */
export class SystemClock extends Clock {
  readonly rate = 1;

  now(): EpochMs {
    return Date.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return realSleep(ms, signal);
  }
}

/** Starts at `start` when constructed and runs `rate` times as fast as real time. Monotonic. */
export class VirtualClock extends Clock {
  private origin: number;
  private base: EpochMs;

  constructor(
    start: EpochMs,
    readonly rate: number,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    super();
    if (!(rate > 0) || !Number.isFinite(rate))
      throw new RangeError(`clock rate must be above 0, got ${rate}`);
    this.base = start;
    this.origin = monotonic();
  }

  now(): EpochMs {
    return Math.floor(this.base + (this.monotonic() - this.origin) * this.rate);
  }

  /** Jumps to `to`, for example over a night. Only forward: a slot must never come twice. */
  skipTo(to: EpochMs): void {
    if (to < this.now()) throw new RangeError('a virtual clock does not run backwards');
    this.base = to;
    this.origin = this.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return realSleep(ms / this.rate, signal);
  }
}

/** Stands still until it is told to move: for tests. */
export class ManualClock extends Clock {
  readonly rate = 1;
  private waiting: { at: EpochMs; wake: () => void }[] = [];

  constructor(private time: EpochMs) {
    super();
  }

  now(): EpochMs {
    return this.time;
  }

  /** Moves to `to` (either direction, as real clocks do) and wakes the sleepers that are due, in their order. */
  set(to: EpochMs): void {
    this.time = to;
    const due = this.waiting.filter((w) => w.at <= to).sort((a, b) => a.at - b.at);
    this.waiting = this.waiting.filter((w) => w.at > to);
    for (const sleeper of due) sleeper.wake();
  }

  advance(ms: number): void {
    this.set(this.time + ms);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const entry = { at: this.time + ms, wake: resolve };
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.waiting.push(entry);
      if (ms <= 0) this.set(this.time);
    });
  }
}
