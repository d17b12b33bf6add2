import type { EpochMs } from '../domain/units.js';
import type { BrokerApi } from './broker.js';
import type { BrokerErrorKind } from './errors.js';

/** The rate-limited APIs, and the instrument files, which have no limit. */
export type MeteredApi = BrokerApi | 'instruments';
/** How one call ended. Each try counts, as each is a call to the broker; `paced` never left this machine. */
export type CallOutcome = 'ok' | BrokerErrorKind | 'paced';

export interface CallCount {
  readonly api: MeteredApi;
  readonly outcome: CallOutcome;
  readonly count: number;
}

/** Counts of what was asked of the broker and how it ended, for the health pages. */
export class BrokerMetrics {
  /** Calls that left this machine since the start. */
  total = 0;
  /** When the last of them ended, epoch ms; `null` before the first. */
  lastCallAt: EpochMs | null = null;
  /** Cells and rows of answers that were refused one by one. */
  rejectedCells = 0;
  private readonly byOutcome = new Map<string, { api: MeteredApi; outcome: CallOutcome; count: number }>();

  record(api: MeteredApi, outcome: CallOutcome, at: EpochMs): void {
    const key = `${api} ${outcome}`;
    const entry = this.byOutcome.get(key) ?? { api, outcome, count: 0 };
    entry.count += 1;
    this.byOutcome.set(key, entry);
    if (outcome === 'paced') return;
    this.total += 1;
    this.lastCallAt = at;
  }

  rejected(cells: number): void {
    this.rejectedCells += cells;
  }

  /** One entry per API and outcome that has occurred. */
  counts(): CallCount[] {
    return [...this.byOutcome.values()].map((entry) => ({ ...entry }));
  }

  /** Calls of `api`, of one outcome or of all that left this machine. */
  count(api: MeteredApi, outcome?: CallOutcome): number {
    let sum = 0;
    for (const entry of this.byOutcome.values())
      if (entry.api === api && (outcome ? entry.outcome === outcome : entry.outcome !== 'paced'))
        sum += entry.count;
    return sum;
  }
}
