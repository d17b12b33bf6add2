import { heardBy } from './heard-by.js';
import type { TrackerServer, TrackerSocket } from './screen-socket.js';
import { TokenBucket } from '../http/token-bucket.js';

/** Packets of any kind that a connection may send: more than a screen's allowance of events, which cuts it first. */
const PACKET_BURST = 300;
const PACKETS_A_SECOND = 10;

type Connection = TrackerSocket['conn'];

/** Kept with the connection itself: a map of thousands that must not hold them back costs each of its garbage collections. */
const GUARDED = Symbol('guarded');

interface Guarded {
  readonly packets: TokenBucket;
  /** It has a screen, or is asking for one. */
  taken: boolean;
}

/**
 * Watches the connections under the screens. A screen's allowance counts the events of that screen; a connection that
 * asks for screen after screen, or sends packets that are no events, would go round it.
 */
export class ConnectionGuard {
  private readonly onPacket = heardBy((connection: Connection) => {
    if (!this.of(connection).packets.take()) connection.close(true);
  });

  watch(server: TrackerServer): void {
    server.engine.on('connection', (connection: Connection) => connection.on('packet', this.onPacket));
  }

  /**
   * Lets a connection have one screen, where the work that looks at it does not throw.
   * @throws Error when it has one, or is asking for one already; and what the work throws.
   */
  async admit(connection: Connection, work: () => Promise<void>): Promise<void> {
    const guarded = this.of(connection);
    if (guarded.taken) throw new Error('one-screen-a-connection');
    guarded.taken = true;
    try {
      await work();
    } catch (error) {
      this.release(connection);
      throw error;
    }
  }

  /** The screen is gone. */
  release(connection: Connection): void {
    this.of(connection).taken = false;
  }

  private of(connection: Connection & { [GUARDED]?: Guarded }): Guarded {
    connection[GUARDED] ??= { packets: new TokenBucket(PACKET_BURST, PACKETS_A_SECOND), taken: false };
    return connection[GUARDED];
  }
}
