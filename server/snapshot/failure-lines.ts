import { MINUTE_MS, type EpochMs } from '../domain/units.js';

interface Said {
  at: EpochMs;
  /** The same again since then, not said. */
  unsaid: number;
}

/**
 * Keeps a failure that repeats from flooding the log: the first is said, then one a minute with the count since, and the
 * rest when it is over. One of these for each chain.
 */
export class FailureLines {
  private readonly said = new Map<string, Said>();

  /** @returns what the line has to add about those that went unsaid, or `null` when this one is to go unsaid as well. */
  take(failure: string, now: EpochMs): string | null {
    const before = this.said.get(failure);
    // A clock that was set back is no reason for silence.
    if (before && now >= before.at && now - before.at < MINUTE_MS) {
      before.unsaid += 1;
      return null;
    }
    this.said.set(failure, { at: now, unsaid: 0 });
    return before?.unsaid ? `, ${times(before.unsaid)} more since the last line` : '';
  }

  /** The failures are over, and the next one is a first one. @returns what is left to say of them; `null` for nothing. */
  over(): string | null {
    const unsaid = [...this.said.values()].reduce((sum, one) => sum + one.unsaid, 0);
    this.said.clear();
    return unsaid === 0 ? null : `failed ${times(unsaid)} more before this`;
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
