import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { InstrumentsModule } from '../instruments/instruments.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { UpstoxModule } from '../upstox/upstox.module.js';
import { MarketFeedModule } from './market-feed.module.js';
import { MarketHistory } from './market-history.js';
import { ChunkStore } from './minutes/chunk-store.js';
import { DayPacker } from './minutes/day-packer.js';
import { MinuteStore } from './minutes/minute-store.js';
import { OwnCaptures } from './sweep/own-captures.js';
import { MarketRecorder } from './sweep/recorder.js';
import { SweepMetrics } from './sweep/sweep-metrics.js';
import { SweepPlanner } from './sweep/sweep-planner.js';
import { SweepSaver } from './sweep/sweep-saver.js';
import { Sweeper } from './sweep/sweeper.js';

const SERVICES = [
  ChunkStore,
  DayPacker,
  MarketHistory,
  MarketRecorder,
  MinuteStore,
  OwnCaptures,
  Sweeper,
  SweepSaver,
  SweepMetrics,
  SweepPlanner,
];

/** The whole market: its minutes on disk, today's session in memory, and the sweep that brings them. */
@Module({
  imports: [AuthModule, InstrumentsModule, MarketFeedModule, SnapshotModule, UpstoxModule],
  providers: SERVICES,
  exports: [...SERVICES, MarketFeedModule],
})
export class MarketModule {}
