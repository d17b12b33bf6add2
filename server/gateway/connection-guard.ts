import type { TrackerServer, TrackerSocket } from './screen-socket.js';
import { TokenBucket } from './token-bucket.js';

/** Packets of any kind that a connection may send: more than a screen's allowance of events, which cuts it first. */
const PACKET_BURST = 300;
const PACKETS_A_SECOND = 10;

type Connection = TrackerSocket['conn'];

/**
 * Watches the connections under the screens. A screen's allowance counts the events of that screen; a connection that
 * asks for screen after screen, or sends packets that are no events, would go round it.
 */
export class ConnectionGuard {
  private readonly taken = new WeakSet<Connection>();

  watch(server: TrackerServer): void {
    server.engine.on('connection', (connection: Connection) => {
      const bucket = new TokenBucket(PACKET_BURST, PACKETS_A_SECOND);
      connection.on('packet', () => {
        if (!bucket.take()) connection.close(true);
      });
    });
  }

  /**
   * Lets a connection have one screen, where the work that looks at it does not throw.
   * @throws Error when it has one, or is asking for one already; and what the work throws.
   */
  async admit(connection: Connection, work: () => Promise<void>): Promise<void> {
    if (this.taken.has(connection)) throw new Error('one-screen-a-connection');
    this.taken.add(connection);
    try {
      await work();
    } catch (error) {
      this.release(connection);
      throw error;
    }
  }

  /** The screen is gone. */
  release(connection: Connection): void {
    this.taken.delete(connection);
  }
}
