import { io, type Socket } from 'socket.io-client';
import { canUnpack, unpacked } from './lib/unpack.js';
import type {
  ChainRef,
  ClientToServerEvents,
  MarketUnwatchAck,
  MarketWatchAck,
  ServerToClientEvents,
  UnwatchAck,
  WatchAck,
} from '../server/protocol/index.js';

export type TrackerSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
export type SocketFactory = () => TrackerSocket;

const RECONNECT_MS = 500;
const RECONNECT_MAX_MS = 5_000;
/** The library makes each pause longer or shorter by half at most, by chance. */
const LONGEST_SHARE = 1.5;

/** WebSocket only: with several server processes no sticky sessions are needed. Opens when told to. */
export const SOCKET_OPTIONS = {
  transports: ['websocket'],
  autoConnect: false,
  reconnectionDelay: RECONNECT_MS,
  reconnectionDelayMax: RECONNECT_MAX_MS,
  randomizationFactor: LONGEST_SHARE - 1,
  // Stays within the handshake: a server that does not know it answers as it always did.
  ...(canUnpack ? { auth: { accepts: 'deflate' } } : {}),
};

export const openSocket: SocketFactory = () => io(SOCKET_OPTIONS);

const ACK_TIMEOUT_MS = 15_000;

export interface LinkEvents {
  up: (recovered: boolean) => void;
  down: () => void;
  /** The server answered and refused the handshake, so the socket does not try again by itself. */
  refused: (message: string) => void;
  change: ServerToClientEvents['chain:change'];
  market: ServerToClientEvents['market:change'];
  status: ServerToClientEvents['feed:status'];
  ended: ServerToClientEvents['session:ended'];
}

/** The line to the server, with the events of the protocol and typed acknowledgements. */
export class Link {
  private readonly socket: TrackerSocket;

  constructor(factory: SocketFactory = openSocket) {
    this.socket = factory();
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  listen(events: LinkEvents): void {
    this.socket.on('connect', () => {
      this.socket.io.reconnectionDelay(RECONNECT_MS);
      this.socket.io.reconnectionDelayMax(RECONNECT_MAX_MS);
      events.up(this.socket.recovered);
    });
    // A server that stops has told all its screens: each comes back at a moment of its own.
    this.socket.on('server:closing', ({ reconnectWithinMs }) => {
      this.socket.io.reconnectionDelay(RECONNECT_MS + Math.random() * reconnectWithinMs);
      // Above the longest of these pauses: a limit among them would bring all the late ones back in one instant.
      this.socket.io.reconnectionDelayMax(LONGEST_SHARE * (RECONNECT_MS + reconnectWithinMs));
    });
    this.socket.on('disconnect', (reason) => {
      events.down();
      // The server closed this socket on purpose (a restart, a queue too long): the library then waits for us.
      if (reason === 'io server disconnect') events.refused('The server closed the line.');
    });
    this.socket.on('connect_error', (error) => {
      if (!this.socket.active) events.refused(error.message);
    });
    this.socket.on('chain:change', events.change);
    this.socket.on('market:change', events.market);
    this.socket.on('feed:status', events.status);
    this.socket.on('session:ended', events.ended);
  }

  open(): void {
    this.socket.connect();
  }

  close(): void {
    this.socket.disconnect();
  }

  /** Rejects when the line goes down or no answer comes in 15 s. */
  async watch(chain: ChainRef): Promise<WatchAck> {
    const answer = await this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck('chain:watch', chain);
    return answer.ok ? { ...answer, table: await unpacked(answer.table) } : answer;
  }

  unwatch(chain: ChainRef): Promise<UnwatchAck> {
    return this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck('chain:unwatch', chain);
  }

  /** As `watch`. */
  async watchMarket(): Promise<MarketWatchAck> {
    const answer = await this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck('market:watch');
    return answer.ok ? { ...answer, board: await unpacked(answer.board) } : answer;
  }

  unwatchMarket(): Promise<MarketUnwatchAck> {
    return this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck('market:unwatch');
  }
}
