import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Session } from '../domain/calendar.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { slotOf } from '../domain/slot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../domain/units.js';
import { CalendarService } from './calendar-service.js';
import { ChainService } from './chain-service.js';
import { StorageTrouble } from './storage-trouble.js';
import { WantedSince, type WantedFrom } from './wanted-since.js';

/** What could not be stored or looked up is tried again after this. */
const RETRY_MS = MINUTE_MS;

/** What is remembered of a wanted chain. */
interface Want {
  exchange: string | null;
  /** The session it is wanted in, and since when. */
  session: Session | null;
  slot: Slot;
  noted: boolean;
  notBefore: EpochMs;
}

/** Notes of each chain that the collector wants, once a session, from when it does. */
@Injectable()
export class WantLedger {
  private readonly log = new Logger(WantLedger.name);
  private readonly wants = new Map<string, Want>();
  private busy = false;

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(WantedSince) private readonly since: WantedSince,
    @Inject(StorageTrouble) private readonly storage: StorageTrouble,
  ) {}

  /** Takes note of what is wanted now, whether it can be had or not. Never rejects: a capture does not depend on it. */
  async note(chains: readonly ChainId[]): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const fresh: WantedFrom[] = [];
      for (const chain of chains) {
        const want = await this.newlyWanted(chain);
        if (want?.session) fresh.push({ chain, slot: want.slot, session: want.session });
      }
      if (fresh.length > 0) await this.store(fresh);
    } finally {
      this.busy = false;
    }
  }

  /** @returns `null` when the market is closed, or it is noted already */
  private async newlyWanted(chain: ChainId): Promise<Want | null> {
    const now = this.clock.now();
    const want = this.wantOf(chain);
    const { session } = want;
    const same = session !== null && session.start <= now && now < session.end;
    // A wait that is longer than it can be is left over from a clock that was wrong.
    const waits = want.notBefore > now && want.notBefore - now <= RETRY_MS;
    if ((same && want.noted) || (waits && (same || want.exchange === null))) return null;
    want.exchange ??= await this.exchangeOf(chain);
    if (want.exchange === null) want.notBefore = now + RETRY_MS;
    if (same || want.exchange === null) return same ? want : null;
    const open = this.calendar.openSession(want.exchange, now);
    Object.assign(want, { session: open, slot: slotOf(now), noted: false });
    return open ? want : null;
  }

  private async store(fresh: readonly WantedFrom[]): Promise<void> {
    const now = this.clock.now();
    try {
      await this.since.note(fresh);
      for (const { chain } of fresh) this.wantOf(chain).noted = true;
      // A chain in memory may be in an earlier session yet: what is missed is of this one.
      for (const { chain } of fresh) if (this.chains.stateInMemory(chain)) await this.chains.open(chain, now);
    } catch (error) {
      this.storage.note(error);
      for (const { chain } of fresh) this.wantOf(chain).notBefore = now + RETRY_MS;
      this.log.warn(`wanted chains could not be noted: ${(error as Error).message}`);
    }
  }

  private async exchangeOf(chain: ChainId): Promise<string | null> {
    const state = this.chains.stateInMemory(chain);
    if (state) return state.facts.exchange;
    return this.chains
      .listing(chain)
      .then(({ underlying }) => underlying.exchange)
      .catch((error: unknown) => {
        this.log.debug(`${chainKey(chain)} is not listed: ${(error as Error).message}`);
        return null;
      });
  }

  private wantOf(chain: ChainId): Want {
    const key = chainKey(chain);
    const want = this.wants.get(key) ?? this.newWant();
    this.wants.set(key, want);
    return want;
  }

  private newWant(): Want {
    return { exchange: null, session: null, slot: slotOf(this.clock.now()), noted: false, notBefore: 0 };
  }
}
