import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server, ServerOptions } from 'socket.io';
import type { Config } from '../config/config.js';
import { ConnectionCap } from '../http/connection-cap.js';
import { PageOrigins } from '../http/origin.js';
import { joinFirstWrites, readAddresses } from './handshake.js';

/** A screen sends the name of a chain, nothing larger. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** How long a connection may stand without a sign-in, ms. */
const ADMISSION_MS = 10_000;

/**
 * Socket.IO as the tracker needs it: WebSocket only (no sticky sessions, one frame shared by a room), no compression
 * (zlib state costs 250 kB a socket, see docs/decisions), small messages, and a handshake only for our own pages.
 */
export class TrackerIoAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly config: Config,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const cap = new ConnectionCap(this.config);
    const pages = new PageOrigins(this.config);
    readAddresses(this.httpServer as HttpServer);
    const server = super.createIOServer(port, {
      ...options,
      transports: ['websocket'],
      serveClient: false,
      perMessageDeflate: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: ADMISSION_MS,
      allowRequest: (request: IncomingMessage, done: (error: string | null, ok: boolean) => void) => {
        if (!pages.allow(request.headers.origin, request.headers.host))
          return done('This page may not connect.', false);
        const ok = cap.admits(request);
        done(ok ? null : 'Too many connections from this address. Close some screens.', ok);
      },
    } as ServerOptions) as Server;
    joinFirstWrites(server);
    return server;
  }

  /** The gateway listens by hand, to sockets that come, speak and go: Nest would keep RxJS chains with each. */
  override bindClientConnect(_server: Server): void {}
}
