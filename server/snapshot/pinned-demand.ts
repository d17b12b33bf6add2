import type { Clock } from '../clock/clock.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { slotOf } from '../domain/slot.js';
import type { CalendarService } from './calendar-service.js';
import type { CaptureProgress } from './capture-progress.js';
import type { ChainService } from './chain-service.js';
import type { Demand } from './slot-budget.js';

/** A pinned chain and where it trades. */
export interface PinnedChain {
  readonly chain: ChainId;
  readonly exchange: string;
}

/** What the pinned chains have yet to get of a slot, known without waiting for anything. */
export class PinnedDemand {
  private pinned: ReadonlyMap<string, PinnedChain> = new Map();

  constructor(
    private readonly clock: Clock,
    private readonly calendar: CalendarService,
    private readonly chains: ChainService,
    private readonly progress: CaptureProgress,
  ) {}

  /** Takes the pinned chains of now in place of those before. */
  set(pinned: readonly PinnedChain[]): void {
    this.pinned = new Map(pinned.map((one) => [chainKey(one.chain), one]));
  }

  has(chain: ChainId): boolean {
    return this.pinned.has(chainKey(chain));
  }

  /** @returns `null` for a chain that is not pinned. */
  exchangeOf(chain: ChainId): string | null {
    return this.pinned.get(chainKey(chain))?.exchange ?? null;
  }

  /** @param underWay keys of the chains whose captures are under way. */
  demand(underWay: ReadonlyMap<string, unknown>): Demand {
    const open = [...this.pinned].filter(([, one]) => this.isOpen(one)).map(([key]) => key);
    return {
      running: underWay.size,
      runningPinned: [...this.pinned.keys()].filter((key) => underWay.has(key)).length,
      pinnedOpen: open.length,
      pinnedIdle: open.filter((key) => !underWay.has(key)).length,
    };
  }

  /** Whether the slot under way still wants an answer of it. */
  private isOpen({ chain, exchange }: PinnedChain): boolean {
    const now = this.clock.now();
    const slot = slotOf(now);
    if (this.progress.find(chain)?.settled === slot) return false;
    if (this.chains.stateInMemory(chain)?.isSettled(slot)) return false;
    return this.calendar.openSession(exchange, now) !== null;
  }
}
