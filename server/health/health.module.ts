import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { InstrumentsModule } from '../instruments/instruments.module.js';
import { MarketBoardModule } from '../market/board/board.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { UpstoxModule } from '../upstox/upstox.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { MetricsService } from './metrics.service.js';

@Module({
  imports: [AuthModule, ClusterModule, InstrumentsModule, SnapshotModule, MarketBoardModule, UpstoxModule],
  controllers: [HealthController],
  providers: [HealthService, MetricsService],
  exports: [HealthService],
})
export class HealthModule {}
