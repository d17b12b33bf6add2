import { ChainGateway } from '../../../server/gateway/chain.gateway.js';
import { WatchRegistry } from '../../../server/snapshot/watch-registry.js';
import { closeSockets, connect, settled, watch } from '../../support/sockets.js';
import { DAY, type Fort, NIFTY_KEY, openFort, until } from './fort.js';
import { fragment, frame, RawScreen } from './raw-screen.js';

const NIFTY = { underlying: NIFTY_KEY, expiry: DAY };

let fort: Fort;
let cookie: string;
let headers: Record<string, string>;
beforeAll(async () => {
  fort = await openFort();
  await fort.ready();
  cookie = await fort.signIn();
  headers = { cookie, origin: fort.url };
});
afterAll(() => fort.close());
afterEach(async () => {
  closeSockets();
  await until('the sockets to be gone', () => connections() === 0);
  expect(await fort.alive()).toBe(true);
});

const connections = (): number => fort.app.get(ChainGateway).connections;
const screensOf = (url = fort.url): Promise<RawScreen> => RawScreen.open(url, headers);
const connected = (screen: RawScreen): number => screen.heard.filter((text) => text.startsWith('40{')).length;

/** A screen that is let in. */
async function enter(): Promise<RawScreen> {
  const screen = await screensOf();
  screen.say('40');
  await until('the screen to be let in', () => connected(screen) === 1);
  return screen;
}

/** That a well-behaved screen is served meanwhile. */
async function othersAreServed(): Promise<void> {
  const other = await connect(fort.url, headers);
  expect(await watch(other, NIFTY)).toMatchObject({ ok: true });
  other.close();
}

describe('S01 cross-site WebSocket hijacking', () => {
  it.each([
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['no origin', {}],
    ['the origin "null"', { origin: 'null' }],
    ['a rebound host name', { origin: 'http://evil.example', host: 'evil.example' }],
  ])('should be refused with %s, by websocket and by polling', async (_what, of) => {
    const bad = { cookie, ...of } as Record<string, string>;
    await expect(RawScreen.open(fort.url, bad)).rejects.toThrow('refused: 400');
    const polling = await fort.ask('/socket.io/?EIO=4&transport=polling', { headers: bad });
    expect(polling.status).toBe(400);
    expect(polling.text).not.toContain('sid');
  });
});

describe('S02 no session', () => {
  it('should let nobody in by a token in the query string or in the packet', async () => {
    const bare = { origin: fort.url };
    const id = cookie.split('=')[1]!;
    for (const query of [`&token=${id}`, `&oi_session=${id}`, `&cookie=${encodeURIComponent(cookie)}`]) {
      const screen = await RawScreen.open(fort.url, bare, `EIO=4&transport=websocket${query}`);
      screen.say(`40${JSON.stringify({ token: id, cookie, oi_session: id })}`);
      await until('an answer', () => screen.heard.some((text) => text.startsWith('44')));
      expect(screen.heard.at(-1)).toBe('44{"message":"sign-in-needed"}');
      screen.close();
    }
  });

  it('should take no event before the sign-in is known', async () => {
    const screen = await RawScreen.open(fort.url, { origin: fort.url });
    screen.say(`42["chain:watch",${JSON.stringify(NIFTY)}]`);
    await screen.closed;
    expect(fort.app.get(WatchRegistry).total()).toBe(0);
  });
});

describe('S21 floods', () => {
  it('should give a connection one screen, however often it asks at once', async () => {
    const screen = await screensOf();
    screen.say(...Array.from({ length: 50 }, () => '40'));
    await until('all answers', () => screen.heard.filter((text) => /^4[04]/.test(text)).length >= 50);
    expect(connected(screen)).toBe(1);
    expect(fort.app.get(ChainGateway).screens).toBe(1);
    screen.close();
  });

  it('should cut a connection that gets a new allowance by leaving and entering again', async () => {
    const screen = await screensOf();
    let events = 0;
    const round = (): void => {
      events += 25;
      screen.say('40');
    };
    const gone = screen.closed.then(() => 'gone');
    for (let turn = 1; turn <= 20; turn++) {
      round();
      const entered = until('the screen to be let in', () => connected(screen) === turn).then(() => 'in');
      if ((await Promise.race([gone, entered.catch(() => 'late')])) !== 'in') break;
      screen.say(...Array.from({ length: 25 }, (_, i) => `42${i}["chain:unwatch",${JSON.stringify(NIFTY)}]`));
      screen.say('41');
    }
    expect(await gone).toBe('gone');
    expect(events).toBeLessThanOrEqual(350);
  });

  it.each([
    ['acknowledgements of nothing', '431[]'],
    ['pongs that nobody asked for', '3'],
    ['no-operations', '6'],
  ])('should cut a connection that floods with %s', async (_what, packet) => {
    const screen = await enter();
    screen.say(...Array.from({ length: 2_000 }, () => packet));
    await screen.closed;
    await othersAreServed();
  });

  it('should leave a screen alone that opens its dozen chains', async () => {
    const screen = await connect(fort.url, headers);
    for (let i = 0; i < 12; i++) await settled(screen);
    expect(screen.connected).toBe(true);
  });
});

describe('S24 crafted packets', () => {
  it.each([
    ['an object for an event name', '42[{"toString":"x"}]'],
    ['a number for an event name', '42[7,{}]'],
    ['null for an event name', '42[null]'],
    ['the name of an inherited property', '42["__proto__",{}]'],
    ['the name of another', '42["constructor",{"prototype":{"isAdmin":true}}]'],
    ['a reserved event', '42["disconnect","x"]'],
    ['another reserved event', '42["connect_error"]'],
    ['no array', '42{"a":1}'],
    ['no JSON', '42["chain:watch",'],
    ['a type that does not exist', '49'],
    ['an engine type that does not exist', 'x'],
    ['nothing', ''],
    ['endless attachments', '4599999999-["chain:watch",{"_placeholder":true,"num":0}]'],
    ['eleven attachments', '4511-["chain:watch",{"_placeholder":true,"num":0}]'],
    ['zero attachments', '450-["chain:watch",{"_placeholder":true,"num":0}]'],
    ['an attachment that is not there', '451-["chain:watch",{"_placeholder":true,"num":7}]'],
    ['attachments without a number', '45-["chain:watch"]'],
    ['another namespace', '40/admin,'],
    ['an endless namespace', `40/${'a'.repeat(9_000)},`],
    ['a nested payload', `42["chain:watch",${'['.repeat(3_000)}${']'.repeat(3_000)}]`],
    ['a polluting payload', '42["chain:watch",{"__proto__":{"isAdmin":true}}]'],
    ['an id beyond all numbers', `42${'9'.repeat(400)}["chain:watch",{}]`],
  ])('should harm nothing: %s', async (_what, packet) => {
    const screen = await enter();
    screen.say(packet, '421["chain:unwatch",{}]');
    await Promise.race([
      screen.closed,
      until('an answer', () => screen.heard.some((text) => text.startsWith('431['))),
    ]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(fort.app.get(WatchRegistry).total()).toBe(0);
    screen.close();
    await othersAreServed();
  });

  it('should take binary attachments for no chain', async () => {
    const screen = await enter();
    screen.bytes(
      frame('451-1["chain:watch",{"_placeholder":true,"num":0}]'),
      frame(Buffer.from([1, 2, 3]), 2),
    );
    await until('an answer', () => screen.heard.some((text) => text.includes('bad-request')));
    screen.close();
  });

  it('should close on fragments without an end', async () => {
    const screen = await enter();
    screen.bytes(fragment('42["', true));
    for (let i = 0; i < 64 && !screen.socket.destroyed; i++)
      screen.bytes(...Array.from({ length: 512 }, () => fragment('x', false)));
    await screen.closed;
  });

  it('S19 should close on a frame of 16 MB before it has come', async () => {
    const screen = await enter();
    const head = frame(Buffer.alloc(16 * 1024 * 1024)).subarray(0, 20);
    screen.bytes(head);
    await screen.closed;
  });

  it.each([
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x32])],
    ['a reserved bit (compression, which is off)', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
    ['a continuation of nothing', frame('x', 0)],
    ['bytes that are no UTF-8', frame(Buffer.from([0x34, 0xff, 0xfe]))],
    ['an opcode that does not exist', frame('x', 5)],
  ])('should close on %s', async (_what, bytes) => {
    const screen = await enter();
    screen.bytes(bytes);
    await screen.closed;
  });
});

describe('S23 the other transport, other versions', () => {
  it.each([
    ['EIO=3&transport=websocket', 'an older protocol'],
    ['EIO=4&transport=polling', 'polling'],
    ['EIO=4&transport=webtransport', 'webtransport'],
    ['EIO=4&transport=__proto__', 'an inherited name'],
    ['EIO=4&transport=websocket&transport=polling', 'two transports'],
    ['EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA', 'an upgrade of nothing'],
    ['transport=websocket', 'no version'],
  ])('should be refused: %s (%s)', async (query) => {
    // Some are told only after the upgrade, as what follows it; none is opened.
    const screen = await RawScreen.open(fort.url, headers, query).catch((error: Error) => error.message);
    if (typeof screen === 'string') expect(screen).toMatch(/refused: 400|hang up/);
    else {
      await screen.closed;
      expect(screen.heard.filter((text) => text.startsWith('0{'))).toEqual([]);
    }
    const answer = await fort.ask(`/socket.io/?${query}`, { headers });
    expect(answer.status).toBe(400);
  });

  it('should be refused: an octet-stream POST', async () => {
    const answer = await fort.ask('/socket.io/?EIO=4&transport=polling', {
      ...{ method: 'POST', raw: Buffer.alloc(64, 0xff) },
      headers: { ...headers, 'content-type': 'application/octet-stream' },
    });
    expect(answer.status).toBe(400);
  });

  it('should serve no WebSocket at any other address', async () => {
    const text = await fort.tcp((socket) =>
      socket.write(
        `GET /api/chains HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\nOrigin: ${fort.url}\r\nCookie: ${cookie}\r\n` +
          'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: a2tra2tra2tra2tra2tra2s=\r\n\r\n',
      ),
    );
    expect(text).not.toContain('101');
  });
});
