import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CollectorLease } from '../database/lease.js';
import { WriteQueue } from '../database/write-queue.js';
import { MarketFeed } from '../market/market-feed.js';
import type { MarketRows } from '../protocol/index.js';

/** The market page of the process that sweeps, for the screens of the others: its newest rows in the database. */
@Injectable()
export class MarketMirror implements OnModuleInit, OnModuleDestroy {
  private readonly log = new Logger('Cluster');
  private version = 0;
  private end: () => void = () => undefined;
  private listener: () => void = () => undefined;

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(MarketFeed) private readonly feed: MarketFeed,
  ) {}

  onModuleInit(): void {
    if (!this.lease.isShared) return;
    this.end = this.feed.onRows((rows) => {
      if (!this.lease.held) return;
      this.save(rows).then(this.listener, (error: Error) =>
        this.log.warn(`the market page was not given to the other processes: ${error.message}`),
      );
    });
  }

  onModuleDestroy(): void {
    this.end();
  }

  /** @param listener is called when new rows are in the database. */
  onSaved(listener: () => void): void {
    this.listener = listener;
  }

  /** Publishes the newest rows here, if they are newer than the last. */
  async follow(): Promise<void> {
    if (!this.lease.isShared) return;
    const newest: { version: number | string }[] = await this.db.query('SELECT version FROM market_latest');
    if (Number(newest[0]?.version ?? 0) <= this.version) return;
    const rows: { version: number | string; json: string }[] = await this.db.query(
      'SELECT version, json FROM market_latest',
    );
    if (!rows[0] || this.lease.held) return;
    this.version = Number(rows[0].version);
    this.feed.publish(JSON.parse(rows[0].json) as MarketRows);
  }

  private async save(rows: MarketRows): Promise<void> {
    await this.writes.writeFenced((tx) =>
      tx.query(
        `INSERT INTO market_latest (id, version, json) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, json = excluded.json`,
        [rows.at, JSON.stringify(rows)],
      ),
    );
    this.version = rows.at;
  }
}
