import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { openDatabase } from '../../../server/database/open.js';
import { openGate } from '../../support/gate.js';
import { cleanUp, until } from '../../support/harness.js';
import { closeSockets, Visitor } from '../../support/harness-client.js';
import { realServer } from './real-server.js';

const WITHIN_MS = 5_000;
/** A capture every three seconds. The sweep of the whole market at this pace would alone fill a busy machine. */
const CAPTURES_ONLY = { env: { MARKET_SWEEP: 'off' } };
/** Until a started process has come so far, on a machine that is busy with others. */
const START_MS = 120_000;

jest.setTimeout(240_000);

type RealServer = Awaited<ReturnType<typeof realServer>>;

let server: RealServer;
afterEach(async () => {
  closeSockets();
  await cleanUp();
  await server.simulator.close();
});

/**
 * SIGTERM, and how the process ended. The time is the server's own, from the signal that it hears to its last line:
 * what a busy machine takes to bring the one and to reap the other is not the server's.
 */
async function stop(): Promise<{ code: number | null; tookMs: number }> {
  const code = await server.program.stop();
  const [line] = server.logged(/^SIGTERM: ended in order in \d+ ms$/);
  return { code, tookMs: Number(line?.message.match(/(\d+) ms$/)?.[1] ?? NaN) };
}

/** A chain call that the broker has not answered yet. */
async function captureInFlight(): Promise<void> {
  await until(
    'a capture under way',
    () => server.simulator.calls.list('option-chain').some((call) => call.status === null),
    START_MS,
  );
}

const captured = (): number => server.logged(/outcome=captured/).length;
const answered = (): number =>
  server.simulator.calls.list('option-chain').filter((call) => call.status === 200).length;

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
    server = await realServer(CAPTURES_ONLY);
    await server.captures(1);
    const visitor = await Visitor.enter(server.url);
    const socket = await visitor.socket();
    const told = new Promise<number>((resolve) =>
      socket.once('server:closing', ({ reconnectWithinMs }) => resolve(reconnectWithinMs)),
    );
    const cut = new Promise<string>((resolve) => socket.once('disconnect', (reason) => resolve(reason)));
    const gate = openGate();
    server.simulator.faults.inject('option-chain', { type: 'held', until: gate.passed() });
    await until('a capture under way', () => server.simulator.faults.pending === 0, START_MS);
    // Everything before the one under way is answered; what the log says of it may still be in the pipe.
    const before = answered();
    await until('the lines of those before', () => captured() === before);
    const stopped = stop();
    // The server has heard the signal and waits for the broker, which answers only now.
    expect(await told).toBe(5_000);
    gate.open();
    const { code, tookMs } = await stopped;
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
    // Not `io server disconnect`, after which a Socket.IO client does not come back by itself.
    expect(await cut).toBe('transport close');
    expect(answered()).toBe(before + 1);
    expect(captured()).toBe(before + 1);
    expect(await slots()).toBe(captured());
  });

  it('should end within five seconds though the broker never answers, and store nothing of it', async () => {
    server = await realServer(CAPTURES_ONLY);
    await server.captures(1);
    server.simulator.faults.inject('option-chain', { type: 'timeout' }, Infinity);
    await captureInFlight();
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
    expect(server.logged(/captures left unfinished: NSE_INDEX\|Nifty 50@/)).toHaveLength(1);
    expect(await slots()).toBe(captured());
  });

  it('should not be held up by a browser that keeps its connection open', async () => {
    server = await realServer({ rate: 4 });
    const visitor = await Visitor.enter(server.url);
    await visitor.get('/api/quality');
    await visitor.socket();
    const { code, tookMs } = await stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(WITHIN_MS);
  });
});
