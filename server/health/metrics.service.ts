import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { WriteQueue } from '../database/write-queue.js';
import { SnapshotMetrics } from '../snapshot/metrics.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';
import { BrokerMetrics } from '../upstox/broker-metrics.js';

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
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.counters();
    this.gauges();
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
    single('oi_backfilled_slots_total', 'Slots rebuilt from candles', () => snapshot.backfilledSlots);
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
    gauge('oi_writes_waiting', 'Database writes queued or under way', () => this.writes.depth);
    gauge(
      'oi_publish_seconds',
      'Broker answer received to change handed to the sockets, last capture',
      () => (this.snapshot.lastPublishMs ?? NaN) / 1000,
    );
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
