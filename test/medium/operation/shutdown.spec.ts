import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { openDatabase } from '../../../server/database/open.js';
import { cleanUp, until } from '../../support/harness.js';
import { closeSockets, Visitor } from '../../support/harness-client.js';
import { realServer } from './real-server.js';

const WITHIN_MS = 5_000;

type RealServer = Awaited<ReturnType<typeof realServer>>;

let server: RealServer;
afterEach(async () => {
  closeSockets();
  await cleanUp();
  await server.simulator.close();
});

/** SIGTERM, and how the process ended. */
async function stop(): Promise<{ code: number | null; tookMs: number }> {
  const began = performance.now();
  const code = await server.program.stop();
  return { code, tookMs: performance.now() - began };
}

/** A chain call that the broker has not answered yet. */
async function captureInFlight(): Promise<void> {
  await until('a capture under way', () =>
    server.simulator.calls.list('option-chain').some((call) => call.status === null),
  );
}

async function inDatabase<T>(look: (db: DataSource) => Promise<T>): Promise<T> {
  const db = await openDatabase({ kind: 'sqlite', file: join(server.folder, 'tracker.db') });
  try {
    expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    return await look(db);
  } finally {
    await db.destroy();
  }
}

const slots = (): Promise<number> =>
  inDatabase(async (db) => {
    const [{ n }] = (await db.query('SELECT count(*) AS n FROM snapshot WHERE source = 0')) as [
      { n: number },
    ];
    return n;
  });

describe('SIGTERM (F41)', () => {
  it('should let the capture in flight finish, tell the screens, and end within five seconds', async () => {
    server = await realServer();
    await server.captures(1);
    const visitor = await Visitor.enter(server.url);
    const socket = await visitor.socket();
    const told = new Promise<number>((resolve) =>
      socket.once('server:closing', ({ reconnectWithinMs }) => resolve(reconnectWithinMs)),
    );
    const cut = new Promise<string>((resolve) => socket.once('disconnect', (reason) => resolve(reason)));
    server.simulator.faults.inject('option-chain', { type: 'slow-body', ms: 1_200 }, Infinity);
    await captureInFlight();
    const before = server.logged(/outcome=captured/).length;
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
    expect(await told).toBe(5_000);
    // Not `io server disconnect`, after which a Socket.IO client does not come back by itself.
    expect(await cut).toBe('transport close');
    const captured = server.logged(/outcome=captured/).length;
    expect(captured).toBe(before + 1);
    expect(await slots()).toBe(captured);
  });

  it('should end within five seconds though the broker never answers, and store nothing of it', async () => {
    server = await realServer();
    await server.captures(1);
    server.simulator.faults.inject('option-chain', { type: 'timeout' }, Infinity);
    await captureInFlight();
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
    expect(server.logged(/captures left unfinished: NSE_INDEX\|Nifty 50@/)).toHaveLength(1);
    expect(await slots()).toBe(server.logged(/outcome=captured/).length);
  });

  it('should not be held up by a browser that keeps its connection open', async () => {
    server = await realServer();
    const visitor = await Visitor.enter(server.url);
    await visitor.get('/api/quality');
    await visitor.socket();
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
  });
});
