import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { fuzz } from '../../support/fuzz.js';
import { type AnyRequest, anyRequest, keptConnections } from './any-request.js';
import { type Answer, expectPoliteError, type Fort, openFort, until } from './fort.js';
import type { ErrorCode } from '../../../server/protocol/index.js';
import { closeSockets, connect } from '../../support/harness-client.js';
import { RawScreen } from './raw-screen.js';
import { routesOf } from './routes.js';
import { rowsOfTables, SQL_CORPUS } from './sql-corpus.js';

/** Packets that a connection may send before it is cut for flooding, with room to spare. */
const PACKETS_A_CONNECTION = 200;
/** Addresses that requests come from in turns: sign-ins are limited by address, and the clock stands still. */
const ADDRESSES = 100;
/** A few thousand requests take seconds on a machine of their own. */
const REQUESTS_MS = 180_000;

/** What a packet of chance may be answered with: nothing that would be the server's own fault. */
const REFUSALS: ErrorCode[] = [
  'bad-request',
  'unknown-underlying',
  'unknown-expiry',
  'too-many-requests',
  'instruments-missing',
];
/** What thousands of packets may leave behind in the memory, the engine's own warming up included. */
const GROWTH_MIB = 50;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** After a collection, MiB. */
function memory(): { heap: number; rss: number } {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 1024 ** 2, rss: rss / 1024 ** 2 };
}

interface Ack {
  ok: boolean;
  error?: { code: string; message: string };
}

/** The acknowledgements among the frames of a screen: `43<number>[answer]`. */
const acksOf = (heard: readonly string[]): Ack[] =>
  heard.flatMap((text) => {
    const answer = /^43\d*(\[.*\])$/s.exec(text)?.[1];
    return answer === undefined ? [] : [(JSON.parse(answer) as Ack[])[0]!];
  });

/** Asks one more question, so that all before it are answered, and closes. @returns what was heard, of a line that was cut too */
async function leave(screen: RawScreen): Promise<readonly string[]> {
  if (!screen.socket.destroyed) screen.say('4299999["market:unwatch"]');
  const done = (): boolean =>
    screen.socket.destroyed || screen.heard.some((text) => text.startsWith('4399999['));
  await until('the last answer', done);
  screen.close();
  return screen.heard;
}

function expectKnownAnswer(ack: Ack): void {
  if (ack.ok === true) return;
  expect(ack).toEqual({ ok: false, error: { code: expect.any(String), message: expect.any(String) } });
  expect(REFUSALS).toContain(ack.error!.code);
  expect(ack.error!.message).not.toMatch(/node_modules|\bat .+:\d+:\d+|SQLITE|SELECT|undefined|\[object/);
}

let fort: Fort;
let cookie: string;
beforeAll(async () => {
  fort = await openFort({ env: { MARKET_SWEEP: 'off', VIEWER_PASSPHRASE: 'not to be guessed' } });
  await fort.ready();
  cookie = await fort.signIn();
  // The pinned chain gets its number with its first capture, by nobody's request.
  const captured = 'oi_captures_total{outcome="captured"} 1\n';
  await until('the first capture', async () => (await fort.ask('/metrics')).text.includes(captured));
});
afterAll(() => fort.close());

/** What nobody but the importer and the owner may change. */
async function contents(): Promise<unknown> {
  const db = fort.app.get(DataSource);
  const tables = ['underlying', 'contract', 'contract_key', 'chain', 'sign_in', 'broker_token', 'universe'];
  const counts = tables.map((table) => db.query(`SELECT count(*) AS n FROM ${table}`) as Promise<unknown>);
  return Promise.all(counts);
}

describe('S25 the running server', () => {
  it('should take any packet of a screen for what it is, answer in known words, keep nothing of it, and live', async () => {
    const before = await contents();
    let screen: RawScreen | null = null;
    let sent = 0;
    let start: ReturnType<typeof memory> | null = null;
    const answers = new Map<string, number>();
    const take = (heard: readonly string[]): void => {
      for (const ack of acksOf(heard)) {
        expectKnownAnswer(ack);
        const name = ack.ok ? 'ok' : ack.error!.code;
        answers.set(name, (answers.get(name) ?? 0) + 1);
      }
    };
    const event = fc.constantFrom(
      'chain:watch',
      'chain:unwatch',
      'market:watch',
      'market:unwatch',
      'disconnect',
      '__proto__',
    );
    const key = fc.constantFrom('underlying', 'expiry', '__proto__', '_placeholder');
    const payload = fc.oneof(
      fc.json(),
      fc.dictionary(key, fc.string()).map((one) => JSON.stringify(one)),
      fc.constant('{"underlying":"NSE_INDEX|Nifty 50","expiry":"2026-08-18"}'),
    );
    const kind = fc.constantFrom('42', '420', '421', '43', '45', '451-', '44', '40', '4', '3', '6', '');
    const whole = fc.tuple(kind, event, payload).map(([head, what, of]) => `${head}["${what}",${of}]`);
    const packet = fc.oneof(
      whole,
      fc.string({ maxLength: 60 }),
      fc.tuple(kind, fc.string()).map((two) => two.join('')),
    );
    await fuzz(
      'socket: any packet',
      fc.asyncProperty(packet, async (text) => {
        if (screen === null || screen.socket.destroyed || sent >= PACKETS_A_CONNECTION) {
          if (screen) take(await leave(screen));
          const fresh = await RawScreen.open(fort.url, { cookie, origin: fort.url });
          fresh.say('40');
          await until('the screen to be let in', () => fresh.heard.some((one) => one.startsWith('40{')));
          [screen, sent] = [fresh, 0];
          start ??= memory();
        }
        screen.say(text);
        sent += 1;
        // The server has its turn: it may answer, or have cut the line.
        await new Promise((resolve) => setImmediate(resolve));
      }),
    );
    take(await leave(screen as unknown as RawScreen));
    await until('the screens to be gone', () => fort.app.get(WatchRegistry).total() === 0);
    const end = memory();
    // The cases reach what they are meant to reach.
    expect([...answers.keys()]).toEqual(expect.arrayContaining(['ok', 'bad-request']));
    expect(end.heap - start!.heap).toBeLessThan(GROWTH_MIB);
    expect(end.rss - start!.rss).toBeLessThan(GROWTH_MIB);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(await contents()).toEqual(before);
    expect(await fort.alive()).toBe(true);
  });

  it('S26 should find nothing and change nothing by SQL in what a screen wants to watch', async () => {
    const before = await rowsOfTables(fort);
    for (const words of SQL_CORPUS) {
      // A socket of its own: one that asks for this much would be held back.
      const screen = await connect(fort.url, { cookie, origin: fort.url });
      const say = screen as unknown as { emitWithAck: (event: string, of: object) => Promise<Ack> };
      for (const chain of [
        { underlying: words, expiry: '2026-08-18' },
        { underlying: 'NSE_INDEX|Nifty 50', expiry: words },
        { underlying: words, expiry: words },
      ]) {
        const ack = await say.emitWithAck('chain:watch', chain);
        expect([words, ack.ok]).toEqual([words, false]);
        expectKnownAnswer(ack);
        expectKnownAnswer(await say.emitWithAck('chain:unwatch', chain));
      }
      screen.disconnect();
    }
    closeSockets();
    await until('the screens to be gone', () => fort.app.get(WatchRegistry).total() === 0);
    expect(await rowsOfTables(fort)).toEqual(before);
    expect(await fort.alive()).toBe(true);
  });

  it(
    'should answer any request in order, keep nothing of it, and live',
    async () => {
      const { send, close } = keptConnections(fort.port);
      const before = await contents();
      const seen = new Map<string, number>();
      let sent = 0;
      await fuzz(
        'input: HTTP requests',
        fc.asyncProperty(anyRequest(routesOf(fort.app), cookie), async (one) => {
          const answer = await send(one, `127.0.0.${2 + (sent++ % ADDRESSES)}`);
          seen.set(String(answer.status), (seen.get(String(answer.status)) ?? 0) + 1);
          expectOrderly(one, answer);
        }),
      );
      close();
      // The cases reach what they are meant to reach: answers, and the refusals of every layer.
      expect([...seen.keys()]).toEqual(expect.arrayContaining(['200', '302', '400', '401', '404', '415']));
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(await contents()).toEqual(before);
      expect(await fort.alive()).toBe(true);
    },
    REQUESTS_MS,
  );
});

/** No fault of the server's own, and an error that tells nothing of the inside. */
function expectOrderly(one: AnyRequest, answer: Answer): void {
  const { status } = answer;
  const unready = status === 503 && one.path.startsWith('/health/ready');
  if (status >= 500 && !unready) throw new Error(`${status}: ${answer.text}`);
  if (status >= 400 && !unready && one.method !== 'HEAD') expectPoliteError(answer);
  expect(answer.text).not.toMatch(/node_modules|\bat .+:\d+:\d+/);
}
