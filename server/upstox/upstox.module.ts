import { Module } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Broker } from './broker.js';
import { BrokerMetrics } from './broker-metrics.js';
import { ClockSkew } from './clock-skew.js';
import { UpstoxClient } from './upstox-client.js';

/** Provides the `Broker` (Upstox, or the simulator in its place by the addresses) and its counters. */
@Module({
  providers: [
    BrokerMetrics,
    ClockSkew,
    {
      provide: Broker,
      useFactory: (config: Config, clock: Clock, metrics: BrokerMetrics, skew: ClockSkew): Broker =>
        new UpstoxClient({ addresses: config.upstox, clock, metrics, skew }),
      inject: [CONFIG, Clock, BrokerMetrics, ClockSkew],
    },
  ],
  exports: [Broker, BrokerMetrics, ClockSkew],
})
export class UpstoxModule {}
