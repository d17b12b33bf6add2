import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket as Connection } from 'node:net';
import type { Server } from 'socket.io';

/** The one address that screens connect to, and what Engine.IO reads from it. */
const ADDRESS = '/socket.io/?EIO=4&transport=websocket';
const QUERY: Readonly<Record<string, string>> = Object.freeze({ EIO: '4', transport: 'websocket' });

/**
 * Spares Engine.IO the reading of that address: a query that somebody has read before is left as it is.
 * Call it before the engine listens.
 */
export function readAddresses(server: HttpServer): void {
  server.on('upgrade', (request: IncomingMessage & { _query?: Readonly<Record<string, string>> }) => {
    if (request.url === ADDRESS) request._query = QUERY;
  });
}

/** Sends the answer to the upgrade and the engine's first packet together: a write costs more than what is in it. */
export function joinFirstWrites(server: Server): void {
  server.engine.on('initial_headers', (_headers: unknown, { socket }: IncomingMessage) => {
    socket.cork();
    // The engine opens its side in a microtask.
    setImmediate(() => socket.uncork());
  });
}

/** What is written to a connection in this tick and in those that are due already goes out at once. */
export function inOneWrite(connection: Connection, work: () => void): void {
  connection.cork();
  try {
    work();
  } finally {
    process.nextTick(() => connection.uncork());
  }
}
