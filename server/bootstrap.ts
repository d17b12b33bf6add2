import { Logger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { appLogger } from './app-logger.js';
import type { Clock } from './clock/clock.js';
import type { Config } from './config/config.js';
import { configWarnings } from './config/rules.js';
import { TrackerIoAdapter } from './gateway/tracker-io.adapter.js';
import { ConnectionCap } from './http/connection-cap.js';
import { limitPatience, PATIENCE, type Patience } from './http/patience.js';
import { applySecurity } from './http/security.js';
import { ServerModule } from './server.module.js';

/** A running server. */
export interface RunningServer {
  /** Where it answers, such as `http://127.0.0.1:5000`. */
  url: string;
  app: NestExpressApplication;
  /** Finishes the capture under way, tells the sockets, closes the database. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Folder of the built screens. */
  clientDir: string;
  clock?: Clock;
  logLevels?: LogLevel[];
  /** `PATIENCE` unless told. */
  patience?: Patience;
  /** How the person at the console chooses another port; `PORT=… npm start` unless told. */
  otherPort?: (port: number) => string;
}

const YEAR_SECONDS = 31_536_000;

/**
 * Starts HTTP and sockets.
 * @throws Error in words for the person at the console: port taken, database refused.
 */
export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const app = await NestFactory.create<NestExpressApplication>(ServerModule.with(config, options.clock), {
    bufferLogs: false,
    abortOnError: false,
    // A browser that holds a connection open must not hold up the end.
    forceCloseConnections: true,
    logger: appLogger(options.logLevels),
  });
  const log = new Logger('Config');
  for (const warning of configWarnings(config)) log.warn(warning);
  try {
    applySecurity(app, config);
    serveClient(app, options.clientDir);
    app.useWebSocketAdapter(new TrackerIoAdapter(app, config));
    limitPatience(app.getHttpServer(), options.patience ?? PATIENCE);
    new ConnectionCap(config).guard(app.getHttpServer());
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    await app.close();
    throw portTaken(error, config, options) ?? error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = config.http.host.includes(':') ? `[${config.http.host}]` : config.http.host;
  return { url: `http://${host}:${port}`, app, close: () => app.close() };
}

function serveClient(app: NestExpressApplication, clientDir: string): void {
  const index = join(clientDir, 'index.html');
  if (!existsSync(index))
    throw new Error(`The screens are not built (${index} is missing). Run: npm run build`);
  app.useStaticAssets(clientDir, {
    index: false,
    setHeaders: (response, path) => {
      // File names under assets/ carry a hash of their content.
      const lasting = path.includes(`${join(clientDir, 'assets')}`);
      response.setHeader(
        'Cache-Control',
        lasting ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
      );
    },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (request.method !== 'GET' || request.path !== '/') return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile(index);
  });
}

function portTaken(error: unknown, config: Config, options: ServerOptions): Error | null {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return null;
  const { host, port } = config.http;
  const command = options.otherPort?.(port + 1) ?? `PORT=${port + 1} npm start`;
  return new Error(
    `Port ${port} on ${host} is taken by another program. Stop that one, or choose another port: ${command}`,
    { cause: error },
  );
}
