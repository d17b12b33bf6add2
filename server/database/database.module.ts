import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { CollectorLease } from './lease.js';
import { openDatabase } from './open.js';
import { Retention } from './retention.js';
import { WalWatch } from './wal-watch.js';
import { WriteQueue } from './write-queue.js';

/** Provides `DataSource` for reading and `WriteQueue` for every write. */
@Global()
@Module({
  providers: [
    {
      provide: DataSource,
      inject: [CONFIG],
      useFactory: (config: Config) => openDatabase(config.database),
    },
    {
      provide: WriteQueue,
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => new WriteQueue(dataSource),
    },
    CollectorLease,
    Retention,
    WalWatch,
  ],
  exports: [DataSource, WriteQueue, CollectorLease, Retention, WalWatch],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
  ) {}

  /** Lets queued writes commit, then closes: nothing half-written stays behind. */
  async onApplicationShutdown(): Promise<void> {
    await this.writes.idle();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
