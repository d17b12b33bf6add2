import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { IncomingMessage } from 'node:http';
import type { Server, ServerOptions, Socket } from 'socket.io';
import type { Config } from '../config/config.js';
import { ConnectionCap } from '../http/connection-cap.js';
import { originAllowed } from '../http/origin.js';

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
    return super.createIOServer(port, {
      ...options,
      transports: ['websocket'],
      serveClient: false,
      perMessageDeflate: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: ADMISSION_MS,
      allowRequest: (request: IncomingMessage, done: (error: string | null, ok: boolean) => void) => {
        if (!originAllowed(request.headers.origin, request.headers.host, this.config))
          return done('This page may not connect.', false);
        const ok = cap.admits(request);
        done(ok ? null : 'Too many connections from this address. Close some screens.', ok);
      },
    } as ServerOptions) as Server;
  }

  /** Nest would keep an RxJS chain with each socket for handlers that it knows. There are none: the gateway listens by hand. */
  override bindMessageHandlers(...args: Parameters<IoAdapter['bindMessageHandlers']>): void {
    const [, handlers] = args;
    if (handlers.length > 0) super.bindMessageHandlers(...args);
  }

  /** Nobody waits for Nest's word that a socket has gone: the gateway hears it from the socket. */
  override bindClientDisconnect(_client: Socket): void {}
}
