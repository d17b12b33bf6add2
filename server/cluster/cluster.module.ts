import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { InstrumentsModule } from '../instruments/instruments.module.js';
import { MarketFeedModule } from '../market/market-feed.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { ClusterService } from './cluster.service.js';
import { Follower } from './follower.js';
import { MarketMirror } from './market-mirror.js';
import { NewsBus } from './news-bus.js';
import { SharedWatchers } from './shared-watchers.js';

const SERVICES = [ClusterService, Follower, MarketMirror, NewsBus, SharedWatchers];

/** Several processes on one database. With one process it does nothing but hold the lease. */
@Module({
  imports: [AuthModule, InstrumentsModule, MarketFeedModule, SnapshotModule],
  providers: SERVICES,
  exports: SERVICES,
})
export class ClusterModule {}
