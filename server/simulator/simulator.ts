import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { CallLog } from './calls.js';
import { FaultPlan } from './faults.js';
import { assetRoutes } from './http/asset-routes.js';
import { candleRoutes } from './http/candle-routes.js';
import { loginRoutes } from './http/login-routes.js';
import { marketRoutes } from './http/market-routes.js';
import { optionRoutes } from './http/option-routes.js';
import { tellTime, type SimulatorContext } from './http/pipeline.js';
import { quoteRoutes } from './http/quote-routes.js';
import { sendRefusal } from './http/send.js';
import { istStamp } from './ist.js';
import { RateLimiter } from './limits.js';
import type { Market } from './market.js';
import { Refusal } from './refusal.js';
import { TokenBook } from './tokens.js';

export interface SimulatorOptions {
  market: Market;
  /** Virtual time, epoch ms. */
  now: () => number;
  /** 0 (the default) = any free one. */
  port?: number;
  /** Loopback only: the simulator knows no secrets but gives everybody a token. */
  host?: '127.0.0.1';
  /** Whether the broker's rate limits hold, in virtual time. Default true. */
  limits?: boolean;
}

export interface Simulator {
  /** Base address for the API, the login pages and the instrument files alike, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly calls: CallLog;
  readonly faults: FaultPlan;
  /** Stops listening and cuts every open connection. */
  close(): Promise<void>;
}

/** 500 keys in a query need more than Node's 16 kB. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Bodies and paths that express cannot read. */
const unreadable: ErrorRequestHandler = (_error, _req, res, _next) =>
  sendRefusal(res, new Refusal('UDAPI10000'));

function application(ctx: SimulatorContext): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((_req, res, next) => {
    tellTime(res, ctx.now());
    next();
  });
  app.get('/', (_req, res) => {
    res.type('text').send(`Simulator of the Upstox API, virtual time ${istStamp(ctx.now())}\n`);
  });
  for (const routes of [loginRoutes, optionRoutes, quoteRoutes, candleRoutes, marketRoutes, assetRoutes])
    routes(app, ctx);
  app.use((_req, res) => sendRefusal(res, new Refusal('UDAPI100060')));
  app.use(unreadable);
  return app;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * Starts a stand-in for the broker's HTTP endpoints over a recorded or generated market.
 * @throws the listener's error, for example when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { market, now, host = '127.0.0.1' } = options;
  const [calls, faults] = [new CallLog(), new FaultPlan()];
  const limiter = options.limits === false ? null : new RateLimiter();
  const app = application({ market, now, calls, faults, tokens: new TokenBook(now), limiter });
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, app);
  const port = await listen(server, options.port ?? 0, host);
  return { url: `http://${host}:${port}`, port, calls, faults, close: () => close(server) };
}
