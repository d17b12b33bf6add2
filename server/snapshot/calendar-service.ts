import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { WriteQueue } from '../database/write-queue.js';
import { defaultTradingDay, sessionOpenAt, type Session, type TradingDay } from '../domain/calendar.js';
import { addDays, istAt, istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { MarketState } from '../protocol/index.js';
import { Broker, type BrokerHoliday, type BrokerToken, type ExchangeTiming } from '../upstox/broker.js';

/** Names under which the broker's timings carry the derivatives segment of an exchange. */
const DERIVATIVES: Record<string, string> = { NSE: 'NFO', BSE: 'BFO', MCX: 'MCX' };
/** The broker's timings may still name the close of before August 2026; the exchange's word is 15:40. */
const FULL_SESSION_SINCE: IsoDate = '2026-08-03';
const LOOK_AHEAD_DAYS = 10;

/** Session times of each exchange and date: the broker's, kept in the database, or the built-in default. */
@Injectable()
export class CalendarService {
  private readonly log = new Logger(CalendarService.name);
  private readonly days = new Map<string, TradingDay>();

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Broker) private readonly broker: Broker,
  ) {}

  /** Reads the cached days of the broker. Called once at start. */
  async load(): Promise<void> {
    const rows: { exchange: string; date: string; sessions: string; note: string | null }[] =
      await this.db.query('SELECT exchange, date, sessions, note FROM trading_day');
    for (const row of rows)
      this.keep({ ...row, sessions: JSON.parse(row.sessions) as Session[], source: 'broker' });
  }

  day(exchange: string, date: IsoDate): TradingDay {
    return this.days.get(`${exchange} ${date}`) ?? defaultTradingDay(exchange, date);
  }

  /** The trading day a moment belongs to. */
  dayAt(exchange: string, at: EpochMs): TradingDay {
    return this.day(exchange, istDate(at));
  }

  /** The session under way at `at`, or `null` when the exchange is closed. */
  openSession(exchange: string, at: EpochMs): Session | null {
    return sessionOpenAt(this.dayAt(exchange, at), at);
  }

  /** What the screen says of an exchange now: open until when, or closed until when, and why. */
  marketState(exchange: string): MarketState {
    const now = this.clock.now();
    const today = this.dayAt(exchange, now);
    const open = sessionOpenAt(today, now);
    if (open) return { exchange, open: true, opensAt: open.start, closesAt: open.end, note: today.note };
    for (let ahead = 0; ahead <= LOOK_AHEAD_DAYS; ahead++) {
      const day = this.day(exchange, addDays(istDate(now), ahead));
      const next = day.sessions.find((session) => session.start > now);
      if (next) return { exchange, open: false, opensAt: next.start, closesAt: next.end, note: today.note };
    }
    return { exchange, open: false, opensAt: null, closesAt: null, note: today.note };
  }

  /**
   * Fetches today's session times and the year's holidays and keeps them. A holiday learned late closes the day from
   * then on; what was captured stays.
   * @throws BrokerError; the calendar known so far stays in force.
   */
  async refresh(token: BrokerToken): Promise<void> {
    const today = istDate(this.clock.now());
    const [timings, holidays] = [await this.broker.timings(token, today), await this.broker.holidays(token)];
    const days = [...this.holidayDays(holidays, today), ...this.timedDays(timings, holidays, today)];
    await this.save(days);
    days.forEach((day) => this.keep(day));
    this.log.log(`calendar: ${days.length} days from the broker`);
  }

  private timedDays(timings: ExchangeTiming[], holidays: BrokerHoliday[], date: IsoDate): TradingDay[] {
    const special = holidays.find((holiday) => holiday.date === date);
    return Object.entries(DERIVATIVES).map(([exchange, segment]) => {
      const own = timings.filter((timing) => timing.exchange === segment || timing.exchange === exchange);
      const chosen = own.filter((timing) => timing.exchange === segment);
      const sessions = (chosen.length > 0 ? chosen : own).map((timing) =>
        this.atLeastFull(exchange, date, timing),
      );
      sessions.sort((a, b) => a.start - b.start);
      return { exchange, date, sessions, note: special?.description ?? null, source: 'broker' };
    });
  }

  private atLeastFull(exchange: string, date: IsoDate, timing: ExchangeTiming): Session {
    const session = { start: timing.start, end: timing.end };
    const ordinary =
      exchange !== 'MCX' && timing.start === istAt(date, '09:15') && timing.end >= istAt(date, '15:30');
    if (ordinary && date >= FULL_SESSION_SINCE) session.end = Math.max(timing.end, istAt(date, '15:40'));
    return session;
  }

  /** Days to come on which an exchange is closed or has special hours. */
  private holidayDays(holidays: BrokerHoliday[], today: IsoDate): TradingDay[] {
    const coming = holidays.filter(
      (holiday) => holiday.date > today && holiday.type !== 'SETTLEMENT_HOLIDAY',
    );
    return coming.flatMap((holiday) =>
      Object.entries(DERIVATIVES).flatMap(([exchange, segment]): TradingDay[] => {
        const names = [segment, exchange];
        const sessions = holiday.openExchanges
          .filter((open) => names.includes(open.exchange))
          .map(({ start, end }) => ({ start, end }));
        const closed = holiday.closedExchanges.some((name) => names.includes(name));
        if (!closed && sessions.length === 0) return [];
        return [{ exchange, date: holiday.date, sessions, note: holiday.description, source: 'broker' }];
      }),
    );
  }

  private keep(day: TradingDay): void {
    this.days.set(`${day.exchange} ${day.date}`, day);
  }

  private async save(days: readonly TradingDay[]): Promise<void> {
    await this.writes.write(async (tx) => {
      for (const day of days)
        await tx.query(
          `INSERT INTO trading_day (exchange, date, sessions, note, fetched_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (exchange, date) DO UPDATE SET
             sessions = excluded.sessions, note = excluded.note, fetched_at = excluded.fetched_at`,
          [day.exchange, day.date, JSON.stringify(day.sessions), day.note, this.clock.now()],
        );
    });
  }
}
