import { Module, type OnModuleInit, Inject } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { InstrumentsModule } from '../instruments/instruments.module.js';
import { UpstoxModule } from '../upstox/upstox.module.js';
import { Backfill } from './backfill.js';
import { CalendarService } from './calendar-service.js';
import { ChainEviction } from './chain-eviction.js';
import { ChainService } from './chain-service.js';
import { ChainSource } from './chain-source.js';
import { ChainsController } from './chains.controller.js';
import { Collector } from './collector.js';
import { DayExport } from './days/day-export.js';
import { DayImport } from './days/day-import.js';
import { Feed } from './feed.js';
import { SnapshotMetrics } from './metrics.js';
import { QualityService } from './quality-service.js';
import { SessionSeed } from './session-seed.js';
import { SnapshotDays } from './snapshot-days.js';
import { SnapshotPacker } from './snapshot-packer.js';
import { SnapshotStore } from './snapshot-store.js';
import { StorageTrouble } from './storage-trouble.js';
import { StatusService } from './status-service.js';
import { UnderlyingsController } from './underlyings.controller.js';
import { TimeCheck } from './time-check.js';
import { WantLedger } from './want-ledger.js';
import { WantedSince } from './wanted-since.js';
import { WantedChains } from './wanted.js';
import { WatchRegistry } from './watch-registry.js';
import { Watching } from './watching.js';

const SERVICES = [
  Backfill,
  CalendarService,
  ChainEviction,
  ChainService,
  ChainSource,
  Collector,
  DayExport,
  DayImport,
  Feed,
  QualityService,
  SessionSeed,
  SnapshotDays,
  SnapshotMetrics,
  SnapshotPacker,
  SnapshotStore,
  StatusService,
  StorageTrouble,
  TimeCheck,
  WantLedger,
  WantedChains,
  WantedSince,
  WatchRegistry,
  Watching,
];

@Module({
  imports: [AuthModule, InstrumentsModule, UpstoxModule],
  controllers: [ChainsController, UnderlyingsController],
  providers: SERVICES,
  exports: SERVICES,
})
export class SnapshotModule implements OnModuleInit {
  constructor(@Inject(CalendarService) private readonly calendar: CalendarService) {}

  /** The calendar is known before the first tick asks whether a market is open. */
  onModuleInit(): Promise<void> {
    return this.calendar.load();
  }
}
