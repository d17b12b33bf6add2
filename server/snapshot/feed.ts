import { Injectable, Logger } from '@nestjs/common';
import type { ChainId } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import type { ChangeFrame, FeedStatus } from '../protocol/index.js';

/** A committed change of a chain: computed once, packed once, for all who watch. */
export interface TablePublished {
  chain: ChainId;
  table: Table;
  /** The packed difference to the table before. */
  frame: ChangeFrame;
}

type TableListener = (published: TablePublished) => void;
type StatusListener = (status: FeedStatus) => void;

/**
 * Where the snapshot module says what is new. It has no idea who listens. A listener that throws is logged and
 * cannot stop the capture or the other listeners.
 */
@Injectable()
export class Feed {
  private readonly log = new Logger(Feed.name);
  private readonly tables = new Set<TableListener>();
  private readonly statuses = new Set<StatusListener>();

  /** @returns a function that ends the subscription. */
  onTable(listener: TableListener): () => void {
    this.tables.add(listener);
    return () => this.tables.delete(listener);
  }

  /** @returns a function that ends the subscription. */
  onStatus(listener: StatusListener): () => void {
    this.statuses.add(listener);
    return () => this.statuses.delete(listener);
  }

  publishTable(published: TablePublished): void {
    for (const listener of this.tables) this.tell(() => listener(published));
  }

  publishStatus(status: FeedStatus): void {
    for (const listener of this.statuses) this.tell(() => listener(status));
  }

  private tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.error('A listener of the feed failed', error instanceof Error ? error.stack : String(error));
    }
  }
}
