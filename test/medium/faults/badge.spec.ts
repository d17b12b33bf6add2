import { jest } from '@jest/globals';
import { DataSource, QueryFailedError } from 'typeorm';
import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import type { Fault } from '../../../server/simulator/index.js';
import {
  at,
  NIFTY,
  openFaultyHouse,
  until,
  type FaultyHouse,
  type FaultyHouseOptions,
} from '../../support/faulty-house.js';
import { closeSockets } from '../../support/sockets.js';

/** How soon a screen is told that its figures are old, and that they no longer are, whatever the fault. */

// Four minutes of market time, second by second.
jest.setTimeout(240_000);

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

/** The newest capture is of 09:17. A minute later another one was due, and it is late by 90 s. */
const LATE_AT = at('09:18') + 90 * SECOND_MS;

/** Begins a fault of every call, or every write. @returns what ends it */
type Begin = () => Ends | Promise<Ends>;
type Ends = () => void | Promise<void>;

const broker =
  (fault: Fault): Begin =>
  () => {
    house.faults.inject('option-chain', fault, Infinity);
    return () => house.faults.clear();
  };

const database: Begin = () => {
  const writes = house.get(WriteQueue);
  const { writeFenced } = writes;
  writes.writeFenced = () => Promise.reject(new Error('the database is away'));
  return () => void (writes.writeFenced = writeFenced);
};

const fullDisk: Begin = () => {
  const writes = house.get(WriteQueue);
  const { writeFenced } = writes;
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  writes.writeFenced = () => Promise.reject(new QueryFailedError('INSERT', [], full));
  return () => void (writes.writeFenced = writeFenced);
};

const readOnly: Begin = async () => {
  const database = house.get(DataSource);
  await database.query('PRAGMA query_only = ON');
  return async () => void (await database.query('PRAGMA query_only = OFF'));
};

const defect: Begin = () => {
  const { chains } = house;
  const { record } = chains;
  chains.record = () => {
    throw new TypeError('cannot read properties of undefined');
  };
  return () => void (chains.record = record);
};

describe('the badge of a screen', () => {
  it.each<[string, Begin, FaultyHouseOptions?]>([
    [
      'F01 429 with a Retry-After that ends before the fault',
      broker({ type: 'status', status: 429, retryAfter: 20 }),
    ],
    ['F02 a storm of 429', broker({ type: 'status', status: 429 })],
    ['F03 a broker that is down', broker({ type: 'status', status: 503 })],
    [
      'F04 a broker that never answers',
      broker({ type: 'timeout' }),
      { retry: { tryMs: 3_000, totalMs: 3_000 } },
    ],
    [
      'F05 a body that drips',
      broker({ type: 'slow-body', ms: 600_000 }),
      { retry: { tryMs: 3_000, totalMs: 3_000 } },
    ],
    ['F06 a body that is cut off', broker({ type: 'truncated-json' })],
    ['F07 a web page in the place of data', broker({ type: 'html', status: 200 })],
    ['F07 no data', broker({ type: 'null-data' })],
    ['F27 a disk that is full', fullDisk],
    ['F28 a database that takes nothing', database],
    ['F30 a database that has become read-only', readOnly],
    ['F42 an unexpected error in every capture', defect],
  ])(
    'should turn stale within 2 s of the threshold, and back within a minute of the end: %s',
    async (_name, begin, options = {}) => {
      house = await openFaultyHouse(options);
      await house.minutes(3);
      const screen = await house.screen();
      expect(screen.status).toMatchObject({ state: 'live', lastSlot: at('09:17') });
      const told = screen.statuses.length;
      const end = await begin();
      house.clock.set(at('09:18'));
      await house.tick();
      await house.live((LATE_AT - at('09:18')) / SECOND_MS + 2);
      await until('the word that it is stale', () => screen.statuses.at(-1)?.state === 'stale');
      const [stale] = screen.statuses.slice(told).filter(({ state }) => state !== 'live');
      expect(stale?.state).toBe('stale');
      expect(stale!.serverNow - LATE_AT).toBeGreaterThan(0);
      expect(stale!.serverNow - LATE_AT).toBeLessThanOrEqual(2 * SECOND_MS);
      // The page itself is served all the while.
      expect((await fetch(`${house.base}/health/live`)).status).toBe(200);

      await end();
      const ended = house.clock.now();
      await house.live(MINUTE_MS / SECOND_MS + 1);
      await until('the word that it is not', () => screen.statuses.at(-1)?.state !== 'stale');
      await house.rebuilt();
      const back = screen.statuses.find(({ state, serverNow }) => serverNow > ended && state !== 'stale')!;
      expect(back.serverNow - ended).toBeLessThanOrEqual(MINUTE_MS + SECOND_MS);
      // It is told in the very second in which the first capture is in the database.
      expect(back.serverNow - back.lastCapturedAt!).toBeLessThanOrEqual(SECOND_MS);
      expect(await screen.look()).toMatchObject({ state: 'live' });
      expect(screen.table).toEqual(await house.chains.latest(NIFTY));
    },
  );

  it('should ask for a sign-in within 2 s of the answer that takes the token for dead, and be live a tick after one: F12', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const screen = await house.screen();
    house.faults.inject('option-chain', { type: 'token-death' }, Infinity);
    house.clock.set(at('09:18'));
    await house.tick();
    await house.live(1);
    await until('the word that a sign-in is needed', () => screen.status.state === 'sign-in-needed');
    expect(screen.status.serverNow - at('09:18')).toBeLessThanOrEqual(2 * SECOND_MS);
    house.faults.clear();
    await house.signIn();
    const signedIn = house.clock.now();
    await house.live(2);
    await until('the word that it is live', () => screen.status.state === 'live');
    expect(screen.status.serverNow - signedIn).toBeLessThanOrEqual(2 * SECOND_MS);
  });
});
