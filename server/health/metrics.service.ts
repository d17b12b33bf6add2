import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { TokenPool } from '../auth/token-pool.js';
import { Clock } from '../clock/clock.js';
import { Follower } from '../cluster/follower.js';
import { NewsBus } from '../cluster/news-bus.js';
import { CollectorLease } from '../database/lease.js';
import { WriteQueue } from '../database/write-queue.js';
import { istDate } from '../domain/slot.js';
import { SECOND_MS } from '../domain/units.js';
import { MarketBoards } from '../market/board/market-boards.js';
import { SnapshotMetrics } from '../snapshot/metrics.js';
import { StatusService } from '../snapshot/status-service.js';
import { WantedChains } from '../snapshot/wanted.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';
import { BrokerMetrics } from '../upstox/broker-metrics.js';
import { ClockSkew } from '../upstox/clock-skew.js';
import { VERSION } from '../upstox/version.js';

/**
 * Prometheus text of everything that is counted. The parts count in plain fields; the numbers are read when somebody
 * asks. Names by Prometheus' conventions: https://prometheus.io/docs/practices/naming/
 */
@Injectable()
export class MetricsService {
  private readonly registry = new Registry();

  constructor(
    @Inject(SnapshotMetrics) private readonly snapshot: SnapshotMetrics,
    @Inject(BrokerMetrics) private readonly broker: BrokerMetrics,
    @Inject(WatchRegistry) private readonly watchers: WatchRegistry,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(MarketBoards) private readonly market: MarketBoards,
    @Inject(WantedChains) private readonly wanted: WantedChains,
    @Inject(StatusService) private readonly status: StatusService,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(NewsBus) private readonly news: NewsBus,
    @Inject(Follower) private readonly follower: Follower,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.counters();
    this.gauges();
    this.buildInfo();
    this.slotAges();
    this.clockSkew();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  private counters(): void {
    const { snapshot, broker } = this;
    this.counter('oi_captures_total', 'Captures by outcome', ['outcome'], () =>
      Object.entries(snapshot.captures).map(([outcome, value]) => ({ labels: { outcome }, value })),
    );
    this.counter('oi_broker_calls_total', 'Calls of the broker by API and outcome', ['api', 'outcome'], () =>
      broker.counts().map(({ api, outcome, count }) => ({ labels: { api, outcome }, value: count })),
    );
    const single = (name: string, help: string, value: () => number): void =>
      this.counter(name, help, [], () => [{ labels: {}, value: value() }]);
    single('oi_tables_computed_total', 'Delta tables computed', () => snapshot.tablesComputed);
    single('oi_frames_encoded_total', 'Change frames encoded', () => snapshot.framesEncoded);
    single(
      'oi_answers_encoded_total',
      'Tables and boards encoded for newcomers',
      () => snapshot.answersEncoded,
    );
    this.counter('oi_pushes_total', 'Pushes to single sockets by the way they went', ['way'], () =>
      Object.entries(snapshot.pushes).map(([way, value]) => ({ labels: { way }, value })),
    );
    single(
      'oi_market_frames_encoded_total',
      'Frames of the market page encoded',
      () => this.market.framesEncoded,
    );
    single('oi_lease_taken_total', 'Times this process became the collector', () => this.lease.takeovers);
    single('oi_fenced_writes_total', 'Captures refused because another process collects by now', () => {
      return this.lease.refusedWrites;
    });
    single('oi_followed_tables_total', 'Tables taken over from the collector', () => this.follower.taken);
    this.counter('oi_news_total', 'News between processes by what became of them', ['outcome'], () =>
      Object.entries(this.news.counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
    );
    single('oi_backfilled_slots_total', 'Slots rebuilt from candles', () => snapshot.backfilledSlots);
    single('oi_refused_cells_total', 'Cells and rows of answers that were refused one by one', () => {
      return broker.rejectedCells;
    });
    single('oi_phantom_legs_total', 'Legs with an OI of 0 that was not believed', () => snapshot.phantomLegs);
  }

  private gauges(): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(value());
        },
      });
    };
    gauge('oi_watchers', 'Watched chains summed over screens', () => this.watchers.total());
    gauge('oi_broker_signed_in', '1 while there is a usable broker token, else 0', () =>
      this.tokens.state().hasToken ? 1 : 0,
    );
    gauge('oi_collects', '1 while this process is the one that collects, else 0', () =>
      this.lease.held ? 1 : 0,
    );
    gauge('oi_redis_connected', '1 while news reach the other processes by Redis, else 0', () =>
      this.news.isConnected ? 1 : 0,
    );
    gauge('oi_writes_waiting', 'Database writes queued or under way', () => this.writes.depth);
    gauge(
      'oi_publish_seconds',
      'Broker answer received to change handed to the sockets, last capture',
      () => (this.snapshot.lastPublishMs ?? NaN) / 1000,
    );
  }

  private buildInfo(): void {
    const labelNames = ['version', 'node'];
    const info = new Gauge({
      name: 'oi_build_info',
      help: 'Always 1; the labels say what runs',
      labelNames,
      registers: [this.registry],
    });
    info.set({ version: VERSION, node: process.versions.node }, 1);
  }

  /** Alert on this one: it grows when anything at all between the broker and the disk has stopped. */
  private slotAges(): void {
    const { wanted, status, clock } = this;
    new Gauge({
      name: 'oi_last_capture_age_seconds',
      help: 'Since the newest capture of each pinned chain; grows while the market is closed, too',
      labelNames: ['underlying', 'expiry'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const now = clock.now();
        for (const chain of await wanted.pinnedChains(istDate(now))) {
          const { lastCapturedAt } = status.current(chain);
          if (lastCapturedAt !== null) this.set({ ...chain }, Math.max(0, now - lastCapturedAt) / SECOND_MS);
        }
      },
    });
  }

  /** No sample before an answer of the broker told the time: unknown is not 0. */
  private clockSkew(): void {
    const { skew } = this;
    new Gauge({
      name: 'oi_broker_clock_skew_seconds',
      help: "The broker's clock minus this server's, by the Date of its answers",
      registers: [this.registry],
      collect() {
        if (skew.ms === null) this.remove();
        else this.set(skew.ms / SECOND_MS);
      },
    });
  }

  private counter(
    name: string,
    help: string,
    labelNames: string[],
    read: () => { labels: Record<string, string>; value: number }[],
  ): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc(labels, value);
      },
    });
  }
}
