import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { ChainId } from '../domain/contract.js';
import { istMidnight } from '../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate } from '../domain/units.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import type { ChainQuality, QualityReport } from '../protocol/index.js';
import { CalendarService } from './calendar-service.js';
import { countSlots, gapsOf } from './slot-counts.js';
import { SnapshotStore } from './snapshot-store.js';
import { WantedSince } from './wanted-since.js';

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

  /** All chains with something stored or refused on the date, or that were to be collected; none gives an empty list. */
  async report(date: IsoDate): Promise<QualityReport> {
    const from = istMidnight(date);
    const to = from + DAY_MS - 1;
    const chains: ChainQuality[] = [];
    for (const chain of await this.chainsOf(from, to)) {
      const underlying = await this.instruments.resolve(chain.underlying);
      const exchange = underlying?.exchange ?? 'NSE';
      const session = this.calendar.day(exchange, date).sessions.at(-1) ?? null;
      const stored = await this.store.slots(chain.id, from, to);
      const refusals = await this.store.refusals(chain.id, from, to);
      const record = {
        slots: stored,
        refused: refusals.map((refusal) => refusal.slot),
        unknownLegs: stored.reduce((sum, one) => sum + one.unknownLegs, 0),
        since: session && (await this.wanted.firstBetween(chain.id, session.start, session.end)),
      };
      const upTo = Math.min(this.clock.now(), session?.end ?? to);
      chains.push({
        underlying: chain.underlying,
        symbol: underlying?.symbol ?? chain.underlying,
        expiry: chain.expiry,
        ...countSlots(record, session, upTo),
        refusals,
        gaps: gapsOf(record, session, upTo),
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
