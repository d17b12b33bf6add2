import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { CollectorLease } from './lease.js';
import { openDatabase, openWriter } from './open.js';
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
      inject: [CONFIG, DataSource],
      useFactory: async (config: Config, reader: DataSource) =>
        new WriteQueue(await openWriter(config.database, reader)),
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
    for (const db of new Set([this.writes.dataSource, this.dataSource]))
      if (db.isInitialized) await db.destroy();
  }
}
