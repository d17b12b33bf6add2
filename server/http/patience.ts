import type { Server } from 'node:http';
import { SECOND_MS } from '../domain/units.js';

/** How long the server bears with a connection that does not get on, and how many it bears at once. */
export interface Patience {
  /** Until all headers of a request are in, ms. */
  readonly headersMs: number;
  /** Until the whole request is in, ms. */
  readonly requestMs: number;
  /** Without a byte either way, also while an answer is not fetched, ms. WebSockets are the engine's: it pings them. */
  readonly idleMs: number;
  /** How often the first two are looked at, ms. */
  readonly lookMs: number;
  /** Connections of all kinds; one more is dropped. */
  readonly connections: number;
}

/** What a browser sends comes in milliseconds; who drips bytes to hold connections open is let go within seconds. */
export const PATIENCE: Patience = {
  headersMs: 10 * SECOND_MS,
  requestMs: 15 * SECOND_MS,
  idleMs: 60 * SECOND_MS,
  lookMs: 2 * SECOND_MS,
  connections: 10_000,
};

/** Call it before the server listens: Node starts looking then. */
export function limitPatience(server: Server, patience: Patience): void {
  server.headersTimeout = patience.headersMs;
  server.requestTimeout = patience.requestMs;
  server.timeout = patience.idleMs;
  server.maxConnections = patience.connections;
  // An option of http.createServer, which the framework calls without options; Node keeps it under this name.
  (server as Server & { connectionsCheckingInterval?: number }).connectionsCheckingInterval = patience.lookMs;
}
