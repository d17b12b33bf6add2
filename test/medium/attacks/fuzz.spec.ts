import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { fuzz } from '../../support/fuzz.js';
import { type Fort, openFort, until } from './fort.js';
import { RawScreen } from './raw-screen.js';

/** Packets that a connection may send before it is cut for flooding, with room to spare. */
const PACKETS_A_CONNECTION = 200;

let fort: Fort;
let cookie: string;
beforeAll(async () => {
  fort = await openFort({ env: { MARKET_SWEEP: 'off' } });
  await fort.ready();
  cookie = await fort.signIn();
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
});
