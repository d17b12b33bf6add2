import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TokenPool } from '../../../server/auth/token-pool.js';
import { istAt } from '../../../server/domain/slot.js';
import { MINUTE_MS } from '../../../server/domain/units.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import type { FeedStatus } from '../../../server/protocol/index.js';
import { Feed } from '../../../server/snapshot/feed.js';
import { StatusService } from '../../../server/snapshot/status-service.js';
import { chainRows, NIFTY_INDEX } from '../../unit/instruments/master-rows.js';
import { NIFTY, openFaultyHouse, until, type FaultyHouse } from '../../support/faulty-house.js';
import { selfSigned } from '../../support/self-signed.js';
import { closeSockets } from '../../support/sockets.js';

/** What the broker is reached by: the token, the instrument file, the name and the certificate. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

const ready = async (): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${house.base}/health/ready`);
  return { status: answer.status, body: await answer.json() };
};

describe('F12 a token that dies in mid-session', () => {
  it('should stop the calls at once, keep the table, ask once, and resume in the tick after a new sign-in', async () => {
    house = await openFaultyHouse();
    await house.minutes(3);
    const screen = await house.screen();
    const shown = screen.table;
    house.faults.inject('option-chain', { type: 'token-death' }, Infinity);
    await house.at('09:18');
    const calls = house.simulator.calls.count('option-chain');
    await house.live(300);
    expect(house.simulator.calls.count('option-chain')).toBe(calls);
    expect(house.logged('warn', 'broker token of', 'is out of use')).toHaveLength(1);
    expect(await screen.look()).toMatchObject({ state: 'sign-in-needed', lastSlot: shown?.slot });
    expect(screen.table).toEqual(shown);
    expect((await ready()).status).toBe(503);
    house.faults.clear();
    await house.signIn();
    await house.live(1);
    await house.rebuilt();
    expect(await screen.look()).toMatchObject({ state: 'live' });
    expect(screen.status.quality).toMatchObject({ missed: 0 });
    expect((await house.stored()).slice(0, 4)).toEqual(['09:15', '09:16', '09:17', '09:18 backfill']);
    expect(house.get(TokenPool).state().hasToken).toBe(true);
  });
});

describe('F14 a token that ends at 03:30, with nobody awake', () => {
  const NEXT = '2026-08-19';
  const FIVE_MINUTES = 5 * MINUTE_MS;

  it('should be said long before the open, by a push, with no error in the log and nothing stored', async () => {
    house = await openFaultyHouse({ at: istAt(NEXT, '03:00'), env: { UPSTOX_ACCESS_TOKEN: '' } });
    const demo = { accessToken: 'demo', userId: 'U1', method: 'token' } as const;
    await house.get(TokenPool).add({ ...demo, expiresAt: istAt(NEXT, '03:30') });
    const pushed: FeedStatus[] = [];
    house.get(Feed).onStatus((status) => void pushed.push(status));
    for (let now = istAt(NEXT, '03:00'); now < istAt(NEXT, '09:00'); now += FIVE_MINUTES) {
      house.clock.set(now);
      await house.tick();
      // The jobs of the night are done: the list of the new day, once it is due.
      if (now === istAt(NEXT, '06:05'))
        await until(
          'the list of the day',
          () => house.get(InstrumentsService).status().asOf! >= istAt(NEXT, '06:00'),
        );
    }
    const asking = pushed.find(({ message }) => message?.startsWith('The broker sign-in has expired.'));
    expect(asking).toMatchObject({
      state: 'closed',
      message: 'The broker sign-in has expired. Sign in before the market opens, or nothing is collected.',
    });
    expect(asking!.serverNow - istAt(NEXT, '03:30')).toBeLessThanOrEqual(FIVE_MINUTES);
    expect(pushed.filter(({ chain }) => chain === null).at(-1)?.message).toBe(asking!.message);
    expect(house.logged('error')).toEqual([]);
    house.clock.set(istAt(NEXT, '09:15') + 1_000);
    await house.live(30);
    expect(pushed.at(-1)).toMatchObject({ state: 'sign-in-needed' });
    expect(await house.stored({ ...NIFTY, expiry: '2026-08-25' })).toEqual([]);
    expect(house.simulator.calls.count('option-chain')).toBe(0);
    expect(house.logged('error')).toEqual([]);
  });
});

describe('F19 the instrument file of the next morning', () => {
  const NEXT = '2026-08-19';
  const dawn = async (): Promise<void> => {
    house.clock.set(istAt(NEXT, '06:05'));
    await until('the refused import', () => house.logged('error', 'instruments:').length > 0);
  };
  const list = () => house.get(InstrumentsService).status();

  beforeEach(async () => {
    house = await openFaultyHouse();
  });

  it.each([
    ['missing', { type: 'status', status: 404 }],
    ['half', { type: 'half-master' }],
    ['a web page', { type: 'html', status: 200 }],
    ['cut off by a fault of the server', { type: 'status', status: 503 }],
  ] as const)('should be refused and yesterday’s kept with its date: %s', async (_name, fault) => {
    const before = list();
    house.faults.inject('assets', fault, Infinity);
    const passing = fault.type === 'status' && fault.status === 503;
    house.clock.set(istAt(NEXT, '06:05'));
    if (passing) {
      await until('the tries', () => house.clock.sleepers > 0);
      house.clock.advance(1_000);
      await until(
        'the second try',
        () => house.simulator.calls.count('assets') >= 3 && house.clock.sleepers > 0,
      );
      house.clock.advance(2_000);
    }
    await dawn();
    expect(list()).toMatchObject({ state: 'failed', asOf: before.asOf });
    expect(house.get(StatusService).current(null).instruments).toMatchObject({
      state: 'failed',
      asOf: before.asOf,
    });
    expect(await house.get(InstrumentsService).chain(NIFTY.underlying, '2026-08-25')).not.toBeNull();
    // Not asked for again every second: in five minutes, and then it is there.
    const asked = house.simulator.calls.count('assets');
    house.faults.clear();
    house.clock.advance(MINUTE_MS);
    expect(house.simulator.calls.count('assets')).toBe(asked);
    house.clock.advance(5 * MINUTE_MS);
    await until('the next import', () => list().state === 'ready');
    expect(list().asOf).toBeGreaterThan(istAt(NEXT, '06:00'));
  });

  it('should be refused when it has a fraction of the contracts', async () => {
    house.market.rows = [NIFTY_INDEX, ...chainRows('2026-08-25', 1, 51_000)];
    Object.defineProperty(house.market, 'date', { value: NEXT });
    const before = list();
    await dawn();
    expect(list()).toMatchObject({ state: 'failed', asOf: before.asOf });
    expect(house.logged('error', 'instruments:', 'kept')).toHaveLength(1);
    expect(
      (await house.get(InstrumentsService).chain(NIFTY.underlying, '2026-08-25'))?.contracts,
    ).toHaveLength(12);
  });
});

describe('F19 the size of the list of the next mornings', () => {
  const list = () => house.get(InstrumentsService).status();

  it('should be nine tenths at least of what still trades: a sixth less is refused, a twelfth is not', async () => {
    house = await openFaultyHouse();
    const rows = chainRows('2026-08-25', 600, 51_000);
    const morning = (date: string, contracts: number): void => {
      Object.defineProperty(house.market, 'date', { value: date, configurable: true });
      house.market.rows = [NIFTY_INDEX, ...rows.slice(0, contracts)];
      house.clock.set(istAt(date, '06:05'));
    };
    const contracts = async (): Promise<number | undefined> =>
      (await house.get(InstrumentsService).chain(NIFTY.underlying, '2026-08-25'))?.contracts.length;
    const taken = async (count: number): Promise<void> =>
      void (await until(`${count} contracts`, async () => (await contracts()) === count));
    morning('2026-08-19', 1_200);
    await taken(1_200);
    const before = list();
    morning('2026-08-20', 1_000);
    await until('the refused import', () => house.logged('error', 'instruments:').length > 0);
    expect(
      house.logged('error', 'has only 1000 NSE contracts, the list in use has 1200.', 'kept'),
    ).toHaveLength(1);
    expect(list()).toMatchObject({ state: 'failed', asOf: before.asOf });
    expect(await contracts()).toBe(1_200);
    morning('2026-08-21', 1_100);
    await taken(1_100);
    expect(list().state).toBe('ready');
  });
});

describe('F20 a name or a certificate that is wrong', () => {
  it('should say that the broker cannot be reached, keep trying, and store nothing', async () => {
    house = await openFaultyHouse({
      env: { UPSTOX_API_URL: 'https://broker.invalid' },
      retry: { totalMs: 3_000 },
    });
    await house.live(1);
    house.clock.advance(20_000);
    await house.live(30);
    const lines = house.logged('warn', 'unreachable', 'cannot be reached');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join()).not.toContain('demo');
    expect(await house.stored()).toEqual([]);
    expect(house.get(StatusService).current(NIFTY).state).toBe('waiting');
    // Nobody can be let in whom the broker would have to vouch for, and the screen says why.
    await expect(house.screen()).rejects.toThrow(
      /503 .*"broker-unreachable".*cannot be reached \(ENOTFOUND\)/,
    );
  }, 60_000);

  it('should let no token out to a server with a certificate that nobody vouches for', async () => {
    let requests = 0;
    const impostor = createServer(selfSigned('127.0.0.1'), (_request, response) => {
      requests += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    const { port } = impostor.address() as AddressInfo;
    house = await openFaultyHouse({
      env: { UPSTOX_API_URL: `https://127.0.0.1:${port}` },
      retry: { totalMs: 3_000 },
    });
    for (let i = 0; i < 12; i++) {
      house.clock.advance(5_000);
      await house.tick();
    }
    expect(requests).toBe(0);
    expect(house.logged('warn', 'outcome=failed', 'SELF_SIGNED_CERT').length).toBeGreaterThan(0);
    expect(await house.stored()).toEqual([]);
    impostor.closeAllConnections();
    await new Promise((resolve) => impostor.close(resolve));
  });
});
