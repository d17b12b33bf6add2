import type { DataSource, EntityManager } from 'typeorm';

/** Decides, inside a transaction, whether this process may still write captures. See `CollectorLease`. */
export interface Fence {
  /** Grows whenever this process becomes the collector: what it knew before may be out of date. */
  readonly epoch: number;
  /**
   * @param epoch under which the work was begun
   * @throws FenceLost when another process collects by now, or has in between.
   */
  check(tx: EntityManager, epoch: number): Promise<void>;
}

/**
 * Every write of the process goes through here, one transaction at a time. TypeORM's SQLite driver has one connection:
 * two transactions at once would interleave, and a plain insert beside an open one would be rolled back with it.
 */
export class WriteQueue {
  /** Set where several processes may share the database; without it captures are written freely. */
  fence: Fence | null = null;
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** @param dataSource the connections for writing; see `openWriter` */
  constructor(readonly dataSource: DataSource) {}

  /** Writes queued or under way. */
  get depth(): number {
    return this.waiting;
  }

  /** See `Fence.epoch`; 0 without a fence. */
  get epoch(): number {
    return this.fence?.epoch ?? 0;
  }

  /**
   * Runs `work` in a transaction after all earlier writes; commits when it resolves, rolls back when it rejects.
   * @throws what `work` throws, or the database's error.
   */
  write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    this.waiting += 1;
    const turn = this.tail.then(() => this.dataSource.transaction(work));
    this.tail = turn.then(
      () => this.done(),
      () => this.done(),
    );
    return turn;
  }

  /**
   * As `write`, for what only the collector may write. The fence is checked last, right before the commit, so that its
   * row is locked as briefly as can be. What waits in the queue is of the holding under which it was asked for: a
   * process that has lost the collection and got it back must not store what it had computed before.
   * @throws FenceLost when another process collects by now, or has in between; nothing is written.
   */
  writeFenced<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { epoch } = this;
    return this.write(async (manager) => {
      const result = await work(manager);
      await this.fence?.check(manager, epoch);
      return result;
    });
  }

  /** Resolves when all writes queued so far are committed or rolled back. */
  async idle(): Promise<void> {
    await this.tail;
  }

  private done(): void {
    this.waiting -= 1;
  }
}
