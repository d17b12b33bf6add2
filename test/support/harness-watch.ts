import { applyChange } from '../../client/lib/merge.js';
import type { ChainRef, ChangeFrame, FeedStatus, Table, WatchAck } from '../../server/protocol/index.js';
import { until } from './harness.js';
import type { TrackerSocket } from './harness-client.js';

/**
 * A screen without a picture: watches one chain, applies every change to its own table as the real client does, and
 * keeps each table it has had.
 */
export class Watcher {
  /** Every table this screen has shown, oldest first. */
  readonly tables: Table[] = [];
  readonly frames: ChangeFrame[] = [];
  readonly statuses: FeedStatus[] = [];
  /** How often it had to watch again because a change did not follow on its table. */
  gaps = 0;
  /** How often it had to watch again because strikes or contracts had been added. */
  reshaped = 0;
  /** Changes of other chains that came over its socket. */
  strangers = 0;
  private refused: unknown = null;
  private asking: Promise<void> | null = null;

  private constructor(
    private readonly socket: TrackerSocket,
    readonly chain: ChainRef,
  ) {
    socket.on('chain:change', (frame) => {
      if (frame.underlying === chain.underlying && frame.expiry === chain.expiry) this.change(frame);
      else this.strangers++;
    });
    socket.on('feed:status', (status) => this.statuses.push(status));
    // Not the first time: the socket is connected already. A server forgets what a lost socket watched.
    socket.on('connect', () => this.askAgain());
  }

  /** Watches a chain. @throws when the server refuses */
  static async open(socket: TrackerSocket, chain: ChainRef): Promise<Watcher> {
    const watcher = new Watcher(socket, chain);
    await watcher.ask();
    return watcher;
  }

  get isConnected(): boolean {
    return this.socket.connected;
  }

  get table(): Table | null {
    return this.tables.at(-1) ?? null;
  }

  /** The newest table once `ready` holds for it. @throws when it does not within `ms` */
  async when(what: string, ready: (table: Table) => boolean, ms = 60_000): Promise<Table> {
    return until(
      `${this.chain.underlying} ${this.chain.expiry}: ${what}`,
      () => {
        const table = this.table;
        return table && ready(table) ? table : null;
      },
      ms,
    );
  }

  /** Waits until it has shown tables of `count` different slots. */
  async slots(count: number, ms: number): Promise<void> {
    await until(
      `${count} slots of ${this.chain.underlying} ${this.chain.expiry}`,
      () => new Set(this.tables.map(({ slot }) => slot)).size >= count,
      ms,
    );
  }

  private change(frame: ChangeFrame): void {
    this.frames.push(frame);
    const { table } = this;
    if (table && frame.seq <= table.seq) return;
    if (this.asking || !table) return this.askAgain();
    if (frame.seq !== table.seq + 1) this.gaps++;
    else if (frame.rows !== table.rows.length) this.reshaped++;
    else return void this.tables.push(applyChange(table, frame));
    this.askAgain();
  }

  private askAgain(): void {
    this.asking ??= this.ask()
      .catch((error: unknown) => {
        this.refused = error;
      })
      .finally(() => {
        this.asking = null;
      });
  }

  private async ask(): Promise<void> {
    const ack = await new Promise<WatchAck>((resolve) => {
      this.socket.emit('chain:watch', this.chain, resolve);
    });
    if (!ack.ok) throw new Error(`watch refused: ${ack.error.code} ${ack.error.message}`);
    this.statuses.push(ack.status);
    if (ack.table) this.tables.push(ack.table);
  }
}
