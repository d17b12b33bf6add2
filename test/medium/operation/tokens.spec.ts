import { UnattendedTokens } from '../../../server/auth/unattended-tokens.js';
import { istAt } from '../../../server/domain/slot.js';
import { at, DAY, NIFTY, openHouse, TOKEN, type House, type HouseOptions } from '../../support/house.js';
import { brokerError } from '../../support/scripted-broker.js';
import { closeSockets, connect, watch } from '../../support/sockets.js';

let house: House;
const enter = async (options: HouseOptions = {}): Promise<void> => {
  house = await openHouse(options);
};
afterEach(async () => {
  closeSockets();
  await house.close();
});

const message = (): string | null => house.status.current(NIFTY).message;
const give = (accessToken: string, userId: string, expiresAt: number | null = null): Promise<string> =>
  house.tokens.add({ accessToken, userId, method: 'token', expiresAt });

describe('the screen', () => {
  const TOMORROW = istAt('2026-08-19', '03:30');

  it('should say shortly before 03:30 IST that the token ends then, and nothing earlier', async () => {
    await enter({ at: istAt('2026-08-19', '02:59'), signedIn: false });
    await give('daily', 'U1', TOMORROW);
    expect(message()).toBeNull();
    house.clock.set(istAt('2026-08-19', '03:01'));
    expect(message()).toBe('The broker token ends at 03:30 IST. Sign in again to go on collecting.');
  });

  it('should not warn while another token lives on, or one whose end is not known', async () => {
    await enter({ at: istAt('2026-08-19', '03:29'), signedIn: false });
    await give('daily', 'U1', TOMORROW);
    await give('yearly', 'U2', TOMORROW + 300 * 86_400_000);
    expect(message()).toBeNull();
    await give('opaque', 'U3', null);
    expect(message()).toBeNull();
  });

  it('should say before the open that a sign-in is needed after the token ended overnight (F14)', async () => {
    await enter({ at: istAt('2026-08-19', '03:29'), signedIn: false });
    await give('daily', 'U1', TOMORROW);
    house.clock.set(istAt('2026-08-19', '08:30'));
    expect(message()).toBe(
      'The broker sign-in has expired. Sign in before the market opens, or nothing is collected.',
    );
    expect(house.status.current(NIFTY)).toMatchObject({ state: 'closed', needsSignIn: true });
    await give('next', 'U1', TOMORROW + 86_400_000);
    expect(house.status.current(NIFTY)).toMatchObject({ state: 'closed', needsSignIn: false });
  });

  it('should ask for a sign-in with the reason when the last token dies in mid-session, and keep the table (F12)', async () => {
    await enter({ listening: true });
    const cookie = await house.signIn();
    const screen = await connect(house.base(), { cookie, origin: house.base() });
    const before = await watch(screen, NIFTY);
    house.broker.onChain = () => {
      throw brokerError('token-dead');
    };
    await house.tick('10:01');
    await house.tick('10:02');
    expect(house.broker.calls(NIFTY)).toBe(2);
    const after = await watch(screen, NIFTY);
    expect(after).toMatchObject({
      ok: true,
      status: {
        state: 'sign-in-needed',
        needsSignIn: true,
        message: 'scripted: token-dead',
        lastCapturedAt: expect.any(Number) as number,
      },
    });
    if (!before.ok || !after.ok) throw new Error('refused');
    expect(after.table).toEqual(before.table);
  });

  it('should be live again in the next tick after a new sign-in', async () => {
    await enter();
    const answer = house.broker.onChain;
    house.broker.onChain = () => {
      throw brokerError('token-dead');
    };
    await house.tick();
    house.broker.onChain = answer;
    await give('fresh', 'U1');
    await house.tick('10:01');
    expect(house.broker.chainCalls.at(-1)?.token).toBe('fresh');
    expect(house.status.current(NIFTY).state).not.toBe('sign-in-needed');
  });
});

describe('the pool', () => {
  it('should fail over to the next token at a 401 without losing the slot', async () => {
    await enter();
    await give('second', 'U2');
    const answer = house.broker.onChain;
    house.broker.onChain = (call) => {
      if (call.token === TOKEN) throw brokerError('token-dead');
      return answer(call);
    };
    await house.tick(at('10:00') + 1_000);
    expect(house.metrics.captures).toMatchObject({ captured: 0, failed: 1 });
    await house.tick(at('10:00') + 2_000);
    expect(house.metrics.captures.captured).toBe(1);
    await house.run(5);
    const tokens = house.broker.chainCalls.map((call) => call.token);
    expect(tokens.slice(0, 2)).toEqual([TOKEN, 'second']);
    expect(new Set(tokens.slice(1))).toEqual(new Set(['second']));
  });

  it('should spread the calls over users while both tokens live', async () => {
    await enter();
    await give('second', 'U2');
    await house.run(10);
    const tokens = house.broker.chainCalls.map((call) => call.token);
    expect(tokens.filter((token) => token === 'second')).toHaveLength(5);
  });
});

describe('a server without people', () => {
  it('should collect from the open with UPSTOX_ACCESS_TOKEN, and nobody signed in', async () => {
    await enter({ at: istAt(DAY, '09:14') + 59_000, signedIn: false, env: { UPSTOX_ACCESS_TOKEN: 'given' } });
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    await house.tick(istAt(DAY, '09:15') + 1_000);
    expect(house.broker.chainCalls.map((call) => [call.token, call.chain])).toEqual([['given', NIFTY]]);
    expect(house.metrics.captures.captured).toBe(1);
  });

  it('should collect from the open with an Analytics Token that was given once on the command line', async () => {
    await enter({ at: istAt(DAY, '09:14') + 59_000, signedIn: false });
    await house.get(UnattendedTokens).add('yearly');
    await house.tokens.refresh();
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    await house.tick(istAt(DAY, '09:15') + 1_000);
    expect(house.broker.chainCalls.map((call) => [call.token, call.chain])).toEqual([['yearly', NIFTY]]);
    expect(house.metrics.captures.captured).toBe(1);
  });
});
