import type { Server, Socket } from 'socket.io';
import type { TokenBucket } from '../http/token-bucket.js';
import type { ClientToServerEvents, ServerToClientEvents } from '../protocol/index.js';
import type { Screen } from './screen.js';
import type { SessionShare } from './session-share.js';

/** What is kept with each socket. */
export interface SocketData {
  sessionId: string;
  screen: Screen;
  bucket: TokenBucket;
  /** What it shares with the other screens of the same sign-in. */
  share: SessionShare;
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
