import type { IncomingMessage } from 'node:http';
import type { TrackerSocket } from './screen-socket.js';

/** What of a request is still read when its connection asks for a screen again. */
type LightRequest = Pick<IncomingMessage, 'connection' | 'headers'>;

/**
 * Lets go of the request that opened a connection, and of what Socket.IO read from it: streams, buffers and headers that
 * would be kept as long as the socket, kilobytes each. Who asks, and at which host, stays: a connection may leave its
 * screen and ask for another.
 * @see https://socket.io/docs/v4/memory-usage
 */
export function keepLight(socket: TrackerSocket): void {
  const { conn, handshake } = socket;
  const { cookie, host } = handshake.headers;
  const headers = { cookie, host };
  const request: LightRequest = { connection: conn.request.connection, headers };
  (conn as { request: LightRequest }).request = request;
  (socket as { handshake: unknown }).handshake = { headers };
}
