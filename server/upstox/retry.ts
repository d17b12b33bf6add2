import type { Clock } from '../clock/clock.js';
import { SECOND_MS } from '../domain/units.js';
import { BrokerError } from './errors.js';

export interface RetryPolicy {
  readonly tries: number;
  /** First pause, in the clock's ms; doubles with each try. */
  readonly baseMs: number;
  readonly capMs: number;
  /** Real time for one try, the body's download included. */
  readonly tryMs: number;
  /** Real time for all tries and pauses together. */
  readonly totalMs: number;
  /** 0 ≤ random() < 1 */
  readonly random: () => number;
}

export const RETRY: RetryPolicy = {
  tries: 3,
  baseMs: 500,
  capMs: 8 * SECOND_MS,
  tryMs: 8 * SECOND_MS,
  totalMs: 20 * SECOND_MS,
  random: Math.random,
};

/**
 * Real time that is left to a call with all its tries. Its one timer says when it is over, so that everybody who asks
 * hears the same. Close it, or its timer lives on.
 */
export class Deadline {
  private readonly abort = new AbortController();
  private readonly end: number;
  private readonly timer: NodeJS.Timeout;
  /** Aborted when the time is over. */
  readonly signal = this.abort.signal;

  /** @param ms real time */
  constructor(readonly ms: number) {
    this.end = performance.now() + ms;
    this.timer = setTimeout(() => this.abort.abort(), ms);
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Real ms, for limits of others. */
  left(): number {
    return this.end - performance.now();
  }

  close(): void {
    clearTimeout(this.timer);
  }
}

/** Network faults and server faults pass; a 429 passes after a pause. Everything else stays as it is. */
export function isPassing(error: unknown): error is BrokerError {
  return error instanceof BrokerError && (error.kind === 'unreachable' || error.kind === 'throttled');
}

/**
 * The pause before try `next` (2, 3, …): exponential, capped, with full jitter
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function pauseMs(next: number, policy: RetryPolicy): number {
  return Math.ceil(policy.random() * Math.min(policy.capMs, policy.baseMs * 2 ** (next - 2)));
}

/** Sleeps on the clock; false when the deadline came first, or has passed already. */
export async function sleepUnlessOver(clock: Clock, ms: number, deadline: Deadline): Promise<boolean> {
  try {
    await clock.sleep(ms, deadline.signal);
  } catch {
    // The clock rejects for one reason only, the abort: said by the return value.
  }
  return !deadline.isOver;
}
