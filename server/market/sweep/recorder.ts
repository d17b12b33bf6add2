import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { istMidnight } from '../../domain/slot.js';
import type { EpochMs } from '../../domain/units.js';
import type { SweepStatus } from '../../protocol/index.js';
import { CalendarService } from '../../snapshot/calendar-service.js';
import { MarketFeed } from '../market-feed.js';
import { isCaptured, MISSING } from '../minutes/frame.js';
import { MinuteStore } from '../minutes/minute-store.js';
import type { ChainVerdict } from '../session/judge.js';
import { answeredOf, LegMap } from '../session/leg-map.js';
import { MarketRowsBuilder } from '../session/market-rows.js';
import { MarketSession } from '../session/market-session.js';
import { OwnCaptures } from './own-captures.js';
import type { SweepPlan } from './plan.js';
import type { SlotSweep } from './slot-sweep.js';

/** What became of a sweep. */
export interface Recorded {
  outcome: 'stored' | 'duplicate' | 'nothing';
  captured: number;
  refused: number;
  missing: number;
}

/** The session of a plan, and under which holding of the collector's lease it was read. */
interface Today {
  plan: SweepPlan;
  epoch: number;
  session: MarketSession;
  rows: MarketRowsBuilder;
}

/** The session of the market in memory: judges sweeps, stores them, and publishes the rows that follow. */
@Injectable()
export class MarketRecorder {
  private readonly log = new Logger(MarketRecorder.name);
  private today: Today | null = null;

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(MinuteStore) private readonly store: MinuteStore,
    @Inject(OwnCaptures) private readonly own: OwnCaptures,
    @Inject(MarketFeed) private readonly feed: MarketFeed,
  ) {}

  /** The session of today, `null` before the first sweep. */
  get session(): MarketSession | null {
    return this.today?.session ?? null;
  }

  /** Brings the session of a plan into memory: what was swept today is read back. Cheap when it is there already. */
  async open(plan: SweepPlan, now: EpochMs): Promise<MarketSession> {
    const { session } = await this.following(plan, now);
    this.beginSessions(session, plan, now);
    return session;
  }

  /** Takes over what the collector has captured of watched chains in the slot. */
  takeOwn(sweep: SlotSweep): void {
    for (const { chain, id } of sweep.plan.chains) {
      const own = this.own.of(id);
      if (own?.slot === sweep.slot) sweep.putOwn(chain, own);
    }
  }

  /**
   * Judges what has come of a slot chain by chain, stores it and, once it is on disk, takes it into memory and
   * publishes the rows. A slot that is stored already stays as it is.
   */
  async record(sweep: SlotSweep, status: SweepStatus): Promise<Recorded> {
    const today = await this.following(sweep.plan, sweep.slot);
    const verdicts = this.judge(sweep, today.session);
    const { marks } = sweep.frame;
    const counts = {
      captured: marks.reduce((sum, mark) => sum + (isCaptured(mark) ? 1 : 0), 0),
      refused: [...verdicts.values()].filter(({ refused }) => refused !== 0).length,
      missing: marks.reduce((sum, mark) => sum + (mark === MISSING ? 1 : 0), 0),
    };
    if (counts.captured + counts.refused === 0) return { outcome: 'nothing', ...counts };
    const now = this.clock.now();
    const appended = await this.store.append(sweep.plan.universe, sweep.frame, now);
    if (appended === 'duplicate') {
      // Somebody else swept this slot: what is on disk is what counts.
      this.today = null;
      return { outcome: 'duplicate', ...counts };
    }
    today.session.take(sweep.frame, sweep.answered, verdicts);
    this.feed.publish(today.rows.build(sweep.slot, now, status));
    return { outcome: 'stored', ...counts };
  }

  /** Marks every chain; what is refused, missing or not asked for has no values in this minute. */
  private judge(sweep: SlotSweep, session: MarketSession): Map<number, ChainVerdict> {
    const verdicts = new Map<number, ChainVerdict>();
    const { frame, plan, slot } = sweep;
    for (const { chain } of plan.chains) {
      if (!session.isNew(chain, slot)) continue;
      if (isCaptured(frame.marks[chain]!)) continue;
      if (sweep.hasAnswer(chain)) {
        const verdict = session.judge.judge(chain, frame, sweep.answered);
        verdicts.set(chain, verdict);
        frame.marks[chain] = verdict.refused || sweep.capturedMark(chain);
      } else if (sweep.asked[chain] === 1 || sweep.failed[chain] === 1) frame.marks[chain] = MISSING;
    }
    return verdicts;
  }

  /** The session in memory, read anew after an import, and after another process has collected for a while. */
  private async following(plan: SweepPlan, now: EpochMs): Promise<Today> {
    if (this.today?.plan !== plan || this.today.epoch !== this.store.epoch)
      this.today = await this.restore(plan, now);
    return this.today;
  }

  private async restore(plan: SweepPlan, now: EpochMs): Promise<Today> {
    const { epoch } = this.store;
    const began = performance.now();
    const session = new MarketSession(plan.universe);
    this.beginSessions(session, plan, now);
    let map: LegMap | null = null;
    let minutes = 0;
    for await (const stored of this.store.frames(istMidnight(plan.date), now)) {
      if (map?.from.id !== stored.universe.id) map = new LegMap(stored.universe, plan.universe);
      const frame = map.carry(stored.frame);
      session.take(frame, answeredOf(frame));
      minutes += 1;
    }
    this.log.log(
      `market session: ${minutes} minutes read back in ${(performance.now() - began).toFixed(0)} ms`,
    );
    return { plan, epoch, session, rows: new MarketRowsBuilder(session, rowFacts(plan)) };
  }

  private beginSessions(session: MarketSession, plan: SweepPlan, now: EpochMs): void {
    const starts = new Map<string, EpochMs | null>();
    for (const { chain, underlying } of plan.chains) {
      const { exchange } = underlying;
      if (!starts.has(exchange)) starts.set(exchange, this.startOf(exchange, now));
      const start = starts.get(exchange);
      if (start != null) session.begin(chain, start);
    }
  }

  /** Start of the session under way or, after it, of the one just ended; `null` before the first of the day. */
  private startOf(exchange: string, now: EpochMs): EpochMs | null {
    const { sessions } = this.calendar.dayAt(exchange, now);
    return sessions.findLast(({ start }) => start <= now)?.start ?? null;
  }
}

function rowFacts(plan: SweepPlan) {
  return plan.chains.flatMap(({ chain, underlying, id, isNearest }) => {
    if (!isNearest) return [];
    const { key, symbol, name, exchange, kind, lotSize } = underlying;
    return [{ chain, key, symbol, name, exchange, kind, lotSize, expiry: id.expiry }];
  });
}
