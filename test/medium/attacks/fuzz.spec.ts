import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { fuzz } from '../../support/fuzz.js';
import { type AnyRequest, anyRequest, keptConnections } from './any-request.js';
import { type Answer, expectPoliteError, type Fort, openFort, until } from './fort.js';
import { RawScreen } from './raw-screen.js';
import { routesOf } from './routes.js';

/** Packets that a connection may send before it is cut for flooding, with room to spare. */
const PACKETS_A_CONNECTION = 200;
/** Addresses that requests come from in turns: sign-ins are limited by address, and the clock stands still. */
const ADDRESSES = 100;
/** A few thousand requests take seconds on a machine of their own. */
const REQUESTS_MS = 180_000;

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
  it('should take any packet of a screen for what it is, watch nothing by it, and live', async () => {
    const before = await contents();
    let screen: RawScreen | null = null;
    let sent = 0;
    const event = fc.constantFrom(
      'chain:watch',
      'chain:unwatch',
      'market:unwatch',
      'disconnect',
      '__proto__',
    );
    const key = fc.constantFrom('underlying', 'expiry', '__proto__', '_placeholder');
    const payload = fc.oneof(
      fc.json(),
      fc.dictionary(key, fc.string()).map((one) => JSON.stringify(one)),
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
          screen?.close();
          const fresh = await RawScreen.open(fort.url, { cookie, origin: fort.url });
          fresh.say('40');
          await until('the screen to be let in', () => fresh.heard.some((one) => one.startsWith('40{')));
          [screen, sent] = [fresh, 0];
        }
        screen.say(text);
        sent += 1;
      }),
    );
    (screen as RawScreen | null)?.close();
    await until('the screens to be gone', () => fort.app.get(WatchRegistry).total() === 0);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(await contents()).toEqual(before);
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
