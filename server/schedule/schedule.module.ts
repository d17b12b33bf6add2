import { Module } from '@nestjs/common';
import { ScheduleModule as NestScheduleModule } from '@nestjs/schedule';
import { AuthModule } from '../auth/auth.module.js';
import { ClusterModule } from '../cluster/cluster.module.js';
import { InstrumentsModule } from '../instruments/instruments.module.js';
import { MarketModule } from '../market/market.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { JobsService } from './jobs.service.js';

/** Only the server's root module imports this: importing it starts the jobs. */
@Module({
  imports: [
    NestScheduleModule.forRoot(),
    AuthModule,
    InstrumentsModule,
    SnapshotModule,
    MarketModule,
    ClusterModule,
  ],
  providers: [JobsService],
})
export class ScheduleModule {}
