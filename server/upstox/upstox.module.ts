import { Module } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Broker } from './broker.js';
import { BrokerMetrics } from './broker-metrics.js';
import { UpstoxClient } from './upstox-client.js';

/** Provides the `Broker` (Upstox, or the simulator in its place by the addresses) and its counters. */
@Module({
  providers: [
    BrokerMetrics,
    {
      provide: Broker,
      useFactory: (config: Config, clock: Clock, metrics: BrokerMetrics): Broker =>
        new UpstoxClient({ addresses: config.upstox, clock, metrics }),
      inject: [CONFIG, Clock, BrokerMetrics],
    },
  ],
  exports: [Broker, BrokerMetrics],
})
export class UpstoxModule {}
