import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Session } from '../domain/calendar.js';
import type { ChainId } from '../domain/contract.js';
import { istMidnight } from '../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate } from '../domain/units.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import type { ChainQuality, QualityReport } from '../protocol/index.js';
import { CalendarService } from './calendar-service.js';
import { bySession, countSlots, gapsOf, sumOfCounts, type SlotRecord } from './slot-counts.js';
import { SnapshotStore } from './snapshot-store.js';
import { WantedSince } from './wanted-since.js';

/** What is known of a chain in one session; `session` is `null` on a day without one. */
interface SessionRecord {
  session: Session | null;
  upTo: EpochMs;
  record: SlotRecord;
}

/** The data-quality report of a day: every refusal, every gap, every unknown, by chain. */
@Injectable()
export class QualityService {
  constructor(
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(WantedSince) private readonly wanted: WantedSince,
  ) {}

  /**
   * All chains with something stored or refused on the date, or that were to be collected; none gives an empty list. Each
   * session of the date counts by itself: the pause between two of them is no gap.
   */
  async report(date: IsoDate): Promise<QualityReport> {
    const from = istMidnight(date);
    const to = from + DAY_MS - 1;
    const chains: ChainQuality[] = [];
    for (const chain of await this.chainsOf(from, to)) {
      const underlying = await this.instruments.resolve(chain.underlying);
      const exchange = underlying?.exchange ?? 'NSE';
      const sessions = this.calendar.day(exchange, date).sessions;
      const slots = await this.store.slots(chain.id, from, to);
      const refusals = await this.store.refusals(chain.id, from, to);
      const refused = refusals.map((refusal) => refusal.slot);
      const parts: SessionRecord[] = [];
      for (const { session, ...part } of bySession(sessions, { slots, refused })) {
        const since = session && (await this.wanted.firstBetween(chain.id, session.start, session.end));
        const unknownLegs = part.slots.reduce((sum, one) => sum + one.unknownLegs, 0);
        const upTo = Math.min(this.clock.now(), session?.end ?? to);
        parts.push({ session, upTo, record: { ...part, unknownLegs, since } });
      }
      chains.push({
        underlying: chain.underlying,
        symbol: underlying?.symbol ?? chain.underlying,
        expiry: chain.expiry,
        ...parts.map(({ record, session, upTo }) => countSlots(record, session, upTo)).reduce(sumOfCounts),
        refusals,
        gaps: parts.flatMap(({ record, session, upTo }) => gapsOf(record, session, upTo)),
      });
    }
    return { date, chains };
  }

  private async chainsOf(from: EpochMs, to: EpochMs): Promise<(ChainId & { id: number })[]> {
    const chains = await this.store.chainsBetween(from, to);
    const stored = new Set(chains.map(({ id }) => id));
    const wanted = await this.wanted.chainsBetween(from, to);
    const all = [...chains, ...wanted.filter(({ id }) => !stored.has(id))];
    const name = ({ underlying, expiry }: ChainId): string => `${underlying} ${expiry}`;
    return all.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  }
}
