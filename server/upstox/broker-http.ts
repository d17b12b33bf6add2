import type { Clock } from '../clock/clock.js';
import type { BrokerMetrics } from './broker-metrics.js';
import type { BrokerCall } from './call.js';
import type { ClockSkew } from './clock-skew.js';
import { BrokerError, BrokerThrottled } from './errors.js';
import type { Pacer } from './pacing.js';
import { Deadline, isPassing, pauseMs, type RetryPolicy, sleepUnlessOver } from './retry.js';
import { send } from './transport.js';

/** Calls with pacing, retries, a deadline and counters around each. */
export class BrokerHttp {
  constructor(
    private readonly clock: Clock,
    private readonly pacer: Pacer,
    private readonly metrics: BrokerMetrics,
    private readonly policy: RetryPolicy,
    private readonly skew: ClockSkew,
  ) {}

  /** @throws BrokerError and nothing else. Only GETs are tried again, and only after passing faults. */
  async call<T>(call: BrokerCall<T>): Promise<T> {
    const deadline = new Deadline(this.policy.totalMs);
    try {
      return await this.tries(call, deadline);
    } finally {
      deadline.close();
    }
  }

  private async tries<T>(call: BrokerCall<T>, deadline: Deadline): Promise<T> {
    const tries = call.method === 'GET' ? this.policy.tries : 1;
    let last: BrokerError | null = null;
    for (let n = 1; ; n++) {
      await this.leave(call, deadline, last);
      try {
        return await this.once(call, deadline);
      } catch (error) {
        // A call whose time is over has had its last try, whichever try that was.
        if (n >= tries || !isPassing(error) || deadline.isOver) throw error;
        last = error;
      }
      // After a 429 the pacer itself holds the next try back until the back-off is over.
      if (
        last.kind === 'unreachable' &&
        !(await sleepUnlessOver(this.clock, pauseMs(n + 1, this.policy), deadline))
      )
        throw last;
    }
  }

  /** Waits for the pacer. Where it says no to a further try, the fault of the try before is what the caller sees. */
  private async leave(
    call: BrokerCall<unknown>,
    deadline: Deadline,
    last: BrokerError | null,
  ): Promise<void> {
    try {
      await this.pacer.acquire(call.api, call.userId, deadline.signal);
    } catch (error) {
      this.metrics.record(call.api, 'paced', this.clock.now());
      throw last ?? error;
    }
  }

  private async once<T>(call: BrokerCall<T>, deadline: Deadline): Promise<T> {
    try {
      const result = await send(call, { tryMs: this.policy.tryMs, deadline }, this.clock, this.skew);
      this.settle(call, 'ok');
      return result;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.settle(call, error.kind);
      if (error.kind !== 'throttled') throw error;
      const asked = error instanceof BrokerThrottled ? error.retryAfterMs : null;
      const pause = this.pacer.throttled(call.api, call.userId, asked);
      throw new BrokerThrottled(error.message, pause, error.code, error.status);
    }
  }

  private settle(call: BrokerCall<unknown>, outcome: 'ok' | BrokerError['kind']): void {
    this.metrics.record(call.api, outcome, this.clock.now());
    if (outcome !== 'throttled' && outcome !== 'unreachable') this.pacer.answered(call.api, call.userId);
  }
}
