import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { TokenPool } from '../../server/auth/token-pool.js';
import { ManualClock } from '../../server/clock/clock.js';
import { loadConfig } from '../../server/config/load-config.js';
import { CoreModule } from '../../server/core.module.js';
import type { ChainId } from '../../server/domain/contract.js';
import { istAt, slotOf } from '../../server/domain/slot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../../server/domain/units.js';
import { GatewayModule } from '../../server/gateway/gateway.module.js';
import { TrackerIoAdapter } from '../../server/gateway/tracker-io.adapter.js';
import { HealthModule } from '../../server/health/health.module.js';
import { applySecurity } from '../../server/http/security.js';
import { InstrumentsService } from '../../server/instruments/instruments.service.js';
import { ChainService } from '../../server/snapshot/chain-service.js';
import { Collector } from '../../server/snapshot/collector.js';
import { Feed, type TablePublished } from '../../server/snapshot/feed.js';
import { SnapshotMetrics } from '../../server/snapshot/metrics.js';
import { StatusService } from '../../server/snapshot/status-service.js';
import { WatchRegistry } from '../../server/snapshot/watch-registry.js';
import { Broker } from '../../server/upstox/broker.js';
import { NIFTY_INDEX, chainRows, masterFile, stockRow, streamOf } from '../unit/instruments/master-rows.js';
import { FIRST_STRIKE, STRIKES, STRIKE_STEP } from './market.js';
import { ScriptedBroker } from './scripted-broker.js';

/** A Tuesday on which NIFTY has an expiry, and its next one. */
export const DAY = '2026-08-18';
export const NIFTY: ChainId = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' };
export const NIFTY_NEXT: ChainId = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-25' };
/** Keys of NIFTY's legs in the master of the house: call and put in turns, strikes ascending. */
export const FIRST_KEY = 50_000;

/** The broker token of the house. */
export const TOKEN = 'first-token';

/** A moment of that Tuesday, IST. */
export const at = (time: string): EpochMs => istAt(DAY, time);
export const slotAtTime = (time: string): Slot => slotOf(at(time));

/** Chain `i` of the shares in the master. */
export const share = (i: number): ChainId => ({ underlying: `NSE_EQ|INE${i}`, expiry: '2026-08-25' });

export interface HouseOptions {
  /** IST time of day on `DAY`, or epoch ms. */
  at?: string | EpochMs;
  /** Folder of an earlier house, to restart on its database. It stays when the house closes. */
  dir?: string;
  env?: Record<string, string>;
  /** Shares in the instrument list. */
  shares?: number;
  /** `false`: the house starts without an instrument list; `importList` brings it. */
  listed?: boolean;
  /** `false`: the house has no broker token. */
  signedIn?: boolean;
  /** Listens on a port of its own, with the gateway and health. */
  listening?: boolean;
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/**
 * The core of the server as in production, over a real SQLite database in a temporary folder. Only the broker and the
 * clock are the test's, and nothing is scheduled: a test says when the collector ticks.
 */
export async function openHouse(options: HouseOptions = {}) {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'oi-tracker-test-')));
  const config = loadConfig({
    DATABASE_URL: `sqlite:${join(dir, 'tracker.db')}`,
    PINNED: 'NIFTY',
    ...options.env,
  });
  const start = options.at ?? '10:00';
  const clock = new ManualClock(typeof start === 'string' ? at(start) + 2_000 : start);
  const broker = new ScriptedBroker(clock);
  const lines: string[] = [];
  const log = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  const parts = options.listening ? [GatewayModule, HealthModule] : [];
  const module = await Test.createTestingModule({ imports: [CoreModule.with(config, clock), ...parts] })
    .overrideProvider(Broker)
    .useValue(broker)
    .setLogger({ log, warn: log, error: log, debug: log, verbose: log })
    .compile();
  const app = module.createNestApplication<NestExpressApplication>();
  applySecurity(app, config);
  app.useWebSocketAdapter(new TrackerIoAdapter(app, config));
  await (options.listening ? app.listen(0, '127.0.0.1') : app.init());
  const get = <T>(type: Type<T> | (abstract new (...args: never[]) => T)): T => app.get<T>(type as Type<T>);
  const published: TablePublished[] = [];
  get(Feed).onTable((table) => published.push(table));
  if (options.signedIn !== false)
    await get(TokenPool).add({ userId: 'A', method: 'token', accessToken: TOKEN, expiresAt: null });
  const importList = () => importMaster(get(InstrumentsService), options.shares ?? 0);
  if (options.listed !== false) await importList();
  const collector = get(Collector);
  const tick = async (to?: string | EpochMs): Promise<void> => {
    if (to !== undefined) clock.set(typeof to === 'string' ? at(to) + 2_000 : to);
    await collector.tick();
  };
  const base = (): string => `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    app,
    broker,
    clock,
    collector,
    config,
    dir,
    get,
    /** Imports the instrument list, unless there is one. */
    importList,
    lines,
    published,
    chains: get(ChainService),
    metrics: get(SnapshotMetrics),
    registry: get(WatchRegistry),
    status: get(StatusService),
    tokens: get(TokenPool),
    /** Sets the clock (IST time of day, two seconds into that minute) where told, and lets the collector work once. */
    tick,
    /** Ticks once a minute: `minutes` captures from the slot under way on. */
    run: async (minutes: number): Promise<void> => {
      for (let i = 0; i < minutes; i++) {
        if (i > 0) clock.advance(MINUTE_MS);
        await tick();
      }
    },
    base,
    /** The cookie of somebody who has just signed in. */
    signIn: () => signIn(base()),
    /** @param keep leaves the folder, for a restart. */
    close: async (keep = options.dir !== undefined): Promise<void> => {
      await collector.stop();
      await app.close();
      if (!keep) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function importMaster(instruments: InstrumentsService, shares: number): Promise<void> {
  if (instruments.status().asOf !== null) return;
  const rows: unknown[] = [
    NIFTY_INDEX,
    ...chainRows(NIFTY.expiry, STRIKES, FIRST_KEY),
    ...chainRows(NIFTY_NEXT.expiry, STRIKES, FIRST_KEY + 1_000),
  ];
  for (let i = 0; i < shares; i++) rows.push(...shareRows(i));
  await instruments.importFrom(streamOf(masterFile(rows)), { source: 'test', asOf: at('06:00') });
}

function shareRows(i: number): unknown[] {
  const expiry = chainRows(share(i).expiry, 1, 0)[0]?.['expiry'];
  return Array.from({ length: 2 * STRIKES }, (_, leg) => {
    const strike_price = FIRST_STRIKE + STRIKE_STEP * Math.floor(leg / 2);
    return stockRow(`SHARE${i}`, `INE${i}`, {
      expiry,
      strike_price,
      instrument_type: leg % 2 === 0 ? 'CE' : 'PE',
      instrument_key: `NSE_FO|${100_000 + 100 * i + leg}`,
    });
  });
}

/** @throws when the server refuses */
async function signIn(base: string): Promise<string> {
  const answer = await fetch(`${base}/api/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: base },
    body: JSON.stringify({ accessToken: TOKEN }),
  });
  if (!answer.ok) throw new Error(`sign-in refused: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
