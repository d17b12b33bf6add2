import { chainKey, type ChainId } from '../domain/contract.js';
import { slotOf } from '../domain/slot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../domain/units.js';
import { FailureLines } from './failure-lines.js';

/** What the collector remembers of a chain besides its data. */
export interface Progress {
  /** Newest slot that is settled: captured, refused, or found captured. */
  settled: Slot | null;
  /** When it was first due. */
  readonly since: EpochMs;
  failures: number;
  notBefore: EpochMs;
  backfillNotBefore: EpochMs;
  readonly failureLines: FailureLines;
}

/** How far the collector has come with each chain. */
export class CaptureProgress {
  private readonly chains = new Map<string, Progress>();

  /** @returns `undefined` for a chain that was never due. */
  find(chain: ChainId): Progress | undefined {
    return this.chains.get(chainKey(chain));
  }

  /** @param now when it is first due, if it was not yet. */
  of(chain: ChainId, now: EpochMs): Progress {
    const known = this.find(chain);
    if (known) return known;
    const failureLines = new FailureLines();
    const fresh = {
      settled: null,
      since: now,
      failures: 0,
      notBefore: 0,
      backfillNotBefore: 0,
      failureLines,
    };
    this.chains.set(chainKey(chain), fresh);
    return fresh;
  }

  /**
   * Orders due chains, negative when `a` goes first: the one that has waited longest, so that a short budget thins every
   * chain and starves none. A newcomer has waited since it came, and on a tie goes last: whoever opens one chain after
   * the other does not push in before the others.
   */
  byWait(a: ChainId, b: ChainId, now: EpochMs): number {
    const [one, other] = [this.of(a, now), this.of(b, now)];
    const isNew = ({ settled }: Progress): number => Number(settled === null);
    return waitsSince(one) - waitsSince(other) || isNew(one) - isNew(other);
  }
}

function waitsSince({ settled, since }: Progress): EpochMs {
  return settled ?? slotOf(since) - MINUTE_MS;
}
