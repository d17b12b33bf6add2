import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Global, Module, UseGuards } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../../server/auth/auth.module.js';
import { type SessionEnd, SessionEvents } from '../../../server/auth/session-events.js';
import { SessionGuard, SignedIn } from '../../../server/auth/session.guard.js';
import { SessionService } from '../../../server/auth/session.service.js';
import type { SignIn } from '../../../server/auth/sign-in.js';
import { TokenPool } from '../../../server/auth/token-pool.js';
import { ClockModule } from '../../../server/clock/clock.module.js';
import { ManualClock } from '../../../server/clock/clock.js';
import { ConfigModule } from '../../../server/config/config.module.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { Auth1700000000002 } from '../../../server/database/migrations/1700000000002-auth.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { applySecurity } from '../../../server/http/security.js';
import { Broker } from '../../../server/upstox/broker.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { FakeBroker } from './fake-broker.js';

/** A Tuesday, 11:00 IST. */
export const START = Date.UTC(2026, 7, 18, 5, 30);

@Controller()
class ProbeController {
  @Get('api/probe')
  @UseGuards(SessionGuard)
  probe(@SignedIn() signIn: SignIn | null): { user: string | undefined } {
    return { user: signIn?.brokerUser };
  }

  @Get('api/broken')
  broken(): never {
    throw new Error('SELECT secret_column FROM broker_token');
  }
}

@Module({ imports: [AuthModule], controllers: [ProbeController] })
class ProbeModule {}

function databaseModule({ dataSource, writeQueue }: TestDatabase) {
  @Global()
  @Module({
    providers: [
      { provide: DataSource, useValue: dataSource },
      { provide: WriteQueue, useValue: writeQueue },
    ],
    exports: [DataSource, WriteQueue],
  })
  class TestDatabaseModule {}
  return TestDatabaseModule;
}

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
  /** `Set-Cookie` lines. */
  cookies: string[];
}

export interface Ask {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string;
  headers?: Record<string, string>;
  cookie?: string;
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/**
 * The sign-in part of the server as in production, over a real database and real HTTP; only the broker and the clock
 * are the test's.
 * @param dir folder of an earlier house, to restart on its database; it stays when the house closes.
 */
export async function openHouse(env: Record<string, string> = {}, dir?: string) {
  const database = await testDatabase([Auth1700000000002], dir === undefined ? {} : { dir });
  const config = loadConfig({ DATABASE_URL: `sqlite:${database.file}`, ...env });
  const clock = new ManualClock(START);
  const broker = new FakeBroker();
  const lines: string[] = [];
  const log = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  const module = await Test.createTestingModule({
    imports: [ConfigModule.with(config), ClockModule.with(clock), databaseModule(database), ProbeModule],
  })
    .overrideProvider(Broker)
    .useValue(broker)
    .setLogger({ log, warn: log, error: log, debug: log, verbose: log })
    .compile();
  const app = module.createNestApplication<NestExpressApplication>();
  applySecurity(app, config);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ended: SessionEnd[] = [];
  app.get(SessionEvents).onEnd((end) => ended.push(end));
  return {
    app,
    broker,
    clock,
    config,
    database,
    ended,
    lines,
    port,
    sessions: app.get(SessionService),
    tokens: app.get(TokenPool),
    get: (path: string, ask: Ask = {}) => send(port, 'GET', path, ask),
    post: (path: string, ask: Ask = {}) => send(port, 'POST', path, ask),
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}

function send(port: number, method: string, path: string, ask: Ask): Promise<Answer> {
  const payload = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
  const headers: Record<string, string> = { ...ask.headers };
  if (payload !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = String(Buffer.byteLength(payload));
  }
  if (ask.cookie !== undefined) headers.cookie = ask.cookie;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
          cookies: incoming.headers['set-cookie'] ?? [],
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

/** What a browser sends back of the cookies it was given. */
export function jar(...answers: Answer[]): string {
  return answers
    .flatMap((answer) => answer.cookies)
    .map((line) => line.split(';', 1)[0])
    .join('; ');
}

export const json = (answer: Answer): Record<string, unknown> =>
  JSON.parse(answer.text) as Record<string, unknown>;

export const errorCode = (answer: Answer): string => (json(answer).error as { code: string }).code;
