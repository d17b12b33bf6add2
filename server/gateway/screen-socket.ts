import type { Server, Socket } from 'socket.io';
import type { ClientToServerEvents, ServerToClientEvents } from '../protocol/index.js';
import type { Screen } from './screen.js';
import type { TokenBucket } from './token-bucket.js';

/** What is kept with each socket. */
export interface SocketData {
  sessionId: string;
  screen: Screen;
  bucket: TokenBucket;
  denials: number;
  /** Takes tables and boards deflated: said when it connected. */
  unpacks: boolean;
}

export type TrackerSocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  SocketData
>;
export type TrackerServer = Server<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  SocketData
>;
