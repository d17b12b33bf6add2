import type { DataSource, EntityManager } from 'typeorm';

/**
 * Every write of the process goes through here, one transaction at a time. TypeORM's SQLite driver has one connection:
 * two transactions at once would interleave, and a plain insert beside an open one would be rolled back with it.
 */
export class WriteQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly dataSource: DataSource) {}

  /** Writes queued or under way. */
  get depth(): number {
    return this.waiting;
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

  /** Resolves when all writes queued so far are committed or rolled back. */
  async idle(): Promise<void> {
    await this.tail;
  }

  private done(): void {
    this.waiting -= 1;
  }
}
