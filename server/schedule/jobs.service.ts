import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { OAuthStateStore } from '../auth/oauth-state.store.js';
import { SessionService } from '../auth/session.service.js';
import { TokenPool } from '../auth/token-pool.js';
import { Clock } from '../clock/clock.js';
import { ClusterService } from '../cluster/cluster.service.js';
import { CollectorLease } from '../database/lease.js';
import { Retention } from '../database/retention.js';
import { WalWatch } from '../database/wal-watch.js';
import { addDays, istAt, istDate } from '../domain/slot.js';
import { MINUTE_MS, SECOND_MS } from '../domain/units.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { DayPacker } from '../market/minutes/day-packer.js';
import { Sweeper } from '../market/sweep/sweeper.js';
import { CalendarService } from '../snapshot/calendar-service.js';
import { ChainEviction } from '../snapshot/chain-eviction.js';
import { Collector } from '../snapshot/collector.js';
import { SnapshotPacker } from '../snapshot/snapshot-packer.js';
import { StatusService } from '../snapshot/status-service.js';
import { TimeCheck } from '../snapshot/time-check.js';
import { BrokerError } from '../upstox/errors.js';

/** A replay at a high rate still ticks no faster than this, real ms. */
const FASTEST_TICK_MS = 15;
/** Nor does it look into the database more often, real ms. */
const FASTEST_LOOK_MS = 100;
/** Of the five seconds that a stop may take in all, real ms. */
const LAST_CAPTURES_MS = 3 * SECOND_MS;
const SESSIONS_EVERY_MS = 3 * SECOND_MS;
const WATCHERS_EVERY_MS = 2 * SECOND_MS;
const LISTS_EVERY_MS = 15 * SECOND_MS;
const TOKENS_EVERY_MS = 20 * SECOND_MS;
const CALENDAR_EVERY_MS = 6 * 60 * MINUTE_MS;
const RETRY_MS = 5 * MINUTE_MS;

/**
 * Every scheduled job of the server, on one page. Each runs in the clock's time (a replay at 60× ticks 60 times as
 * often), never twice at once, and its failure is logged and does not stop the next run.
 */
@Injectable()
export class JobsService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(JobsService.name);
  private readonly running = new Set<string>();
  private nextCalendar = 0;
  private nextImport = 0;
  private nextRetention = 0;
  private nextPacking = 0;

  constructor(
    @Inject(SchedulerRegistry) private readonly scheduler: SchedulerRegistry,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Collector) private readonly collector: Collector,
    @Inject(StatusService) private readonly status: StatusService,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(Retention) private readonly retention: Retention,
    @Inject(WalWatch) private readonly wal: WalWatch,
    @Inject(Sweeper) private readonly sweeper: Sweeper,
    @Inject(DayPacker) private readonly packer: DayPacker,
    @Inject(SnapshotPacker) private readonly snapshotPacker: SnapshotPacker,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(ClusterService) private readonly cluster: ClusterService,
    @Inject(ChainEviction) private readonly eviction: ChainEviction,
    @Inject(OAuthStateStore) private readonly oauthStates: OAuthStateStore,
    @Inject(TimeCheck) private readonly time: TimeCheck,
  ) {}

  onApplicationBootstrap(): void {
    this.collectWhileNobodyElseDoes();
    this.followWhoeverCollects();
    // Captures: due chains, by importance. Several ticks may have captures under way; a slow chain holds up no other.
    this.every(
      'capture',
      SECOND_MS,
      () => void this.collector.tick().catch((error) => this.failed('capture', error)),
    );
    // The whole market: begins a slot, sends what is due, stores it.
    this.every(
      'sweep',
      SECOND_MS,
      () => void this.sweeper.tick().catch((error) => this.failed('sweep', error)),
    );
    this.every('status', SECOND_MS, () => this.status.tick());
    // The broker's time, where no other answer has told it.
    this.every('clock', SECOND_MS, () => void this.time.tick().catch((error) => this.failed('clock', error)));
    this.every('instruments', SECOND_MS, () => this.once('instruments', () => this.importInstruments()));
    this.every('calendar', SECOND_MS, () => this.once('calendar', () => this.refreshCalendar()));
    // Screens of a sign-in that has expired end within seconds, not at their next request.
    this.every('sessions', SESSIONS_EVERY_MS, () => this.once('sessions', () => this.sessions.sweep()));
    // API secrets that were typed in for a sign-in that nobody finished.
    this.every('secrets', MINUTE_MS, () => this.once('secrets', () => this.oauthStates.sweep()));
    this.every('retention', MINUTE_MS, () => this.once('retention', () => this.dropOldMinutes()));
    this.every('pack', MINUTE_MS, () => this.once('pack', () => this.packDays()));
    // Chains that nobody looks at any more, once their day is over.
    this.every('evict', MINUTE_MS, () => this.once('evict', () => this.eviction.run()));
    this.every('wal', MINUTE_MS, () => this.once('wal', () => this.wal.check()));
    // What `token add` and `token remove` changed while the server runs.
    this.every('tokens', TOKENS_EVERY_MS, () => this.once('tokens', () => this.tokens.refresh()));
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const name of this.scheduler.getIntervals()) this.scheduler.deleteInterval(name);
    await Promise.all([this.collector.stop(LAST_CAPTURES_MS), this.sweeper.stop(LAST_CAPTURES_MS)]);
    await this.cluster.leave().catch((error: unknown) => this.failed('lease', error));
  }

  /** The lease, in real time: the database's clock knows nothing of a replay. */
  private collectWhileNobodyElseDoes(): void {
    this.once('lease', () => this.cluster.begin());
    const renew = (): void => this.once('lease', () => this.cluster.renew());
    this.scheduler.addInterval('lease', setInterval(renew, this.lease.renewEveryMs));
  }

  /** Looks into the shared database; with one process there is nothing to look for. */
  private followWhoeverCollects(): void {
    const look = (name: string, ms: number, job: () => Promise<unknown>): void =>
      this.every(name, ms, () => this.once(name, job), FASTEST_LOOK_MS);
    look('follow', SECOND_MS, () => this.cluster.follow());
    look('watchers', WATCHERS_EVERY_MS, () => this.cluster.beat());
    look('lists', LISTS_EVERY_MS, () => this.cluster.followLists());
  }

  /** The list of contracts, once it is older than today 06:00 IST. */
  private async importInstruments(): Promise<void> {
    const now = this.clock.now();
    if (!this.lease.held || now < this.nextImport || !this.instruments.needsImport(now)) return;
    this.nextImport = now + RETRY_MS;
    const report = await this.instruments.importFromBroker();
    this.log.log(
      `instruments: ${report.contracts} contracts of ${report.underlyings} underlyings in ${report.ms} ms`,
    );
  }

  /** Session times and holidays, four times a day, as soon as there is a token to ask with. */
  private async refreshCalendar(): Promise<void> {
    const now = this.clock.now();
    const token = this.tokens.current();
    if (!this.lease.held || !token || now < this.nextCalendar) return;
    this.nextCalendar = now + RETRY_MS;
    await this.calendar.refresh(token).catch((error: unknown) => {
      // The only call of a closed market: a token that died overnight is known before the open.
      if (error instanceof BrokerError && error.kind === 'token-dead')
        this.tokens.markDead(token, error.message);
      throw error;
    });
    this.nextCalendar = now + CALENDAR_EVERY_MS;
  }

  /** Once at the start, for machines that are off at night, then every night at 01:00 IST. */
  private async dropOldMinutes(): Promise<void> {
    const now = this.clock.now();
    if (!this.lease.held || now < this.nextRetention) return;
    this.nextRetention = istAt(addDays(istDate(now), 1), '01:00');
    const deleted = await this.retention.run();
    if (deleted > 0) this.log.log(`retention: ${deleted} rows before ${this.retention.keptSince()} deleted`);
  }

  /**
   * Snapshots and whole-market minutes of past days, chain by chain: once at the start, then every night at 01:00 IST.
   * Not while shares and indices trade: packing and comparing a day takes moments that a push would have to wait for.
   */
  private async packDays(): Promise<void> {
    const now = this.clock.now();
    if (!this.lease.held || now < this.nextPacking || this.calendar.openSession('NSE', now)) return;
    this.nextPacking = istAt(addDays(istDate(now), 1), '01:00');
    await this.snapshotPacker.run();
    await this.packer.run();
  }

  private every(name: string, ms: number, job: () => void, fastest = FASTEST_TICK_MS): void {
    const period = Math.max(fastest, ms / this.clock.rate);
    const run = (): void => {
      try {
        job();
      } catch (error) {
        // Thrown out of a timer it would end the process.
        this.failed(name, error);
      }
    };
    this.scheduler.addInterval(name, setInterval(run, period));
  }

  private once(name: string, job: () => Promise<unknown>): void {
    if (this.running.has(name)) return;
    this.running.add(name);
    Promise.resolve()
      .then(job)
      .catch((error: unknown) => this.failed(name, error))
      .finally(() => this.running.delete(name));
  }

  private failed(name: string, error: unknown): void {
    this.log.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
