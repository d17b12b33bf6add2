import type { ChainId } from '../../../server/domain/contract.js';
import { SECOND_MS } from '../../../server/domain/units.js';
import type { CandleRow, StrikeAnswer } from '../../../server/simulator/index.js';
import { Broker } from '../../../server/upstox/broker.js';
import { BrokerMetrics } from '../../../server/upstox/broker-metrics.js';
import {
  at,
  FaultyMarket,
  NIFTY,
  openFaultyHouse,
  type FaultyHouse,
  type FaultyScreen,
} from '../../support/faulty-house.js';
import { STRIKES } from '../../support/market.js';
import { closeSockets } from '../../support/sockets.js';
import { chainRows, stockRow } from '../../unit/instruments/master-rows.js';

/**
 * A 429 that meets the calls for one underlying only. The broker counts calls by user and API, whatever they ask for: so
 * its word is taken for the whole account. No call of that account asks for a chain before the time, the other
 * underlying goes by the minute that it has, and the budget of another account keeps both live.
 */

const SHARE: ChainId = { underlying: 'NSE_EQ|INE0', expiry: '2026-08-18' };
const FIRST_KEY = 60_000;
const NIFTY_KEY = 50_000;

/** NIFTY, and a share whose figures are those of NIFTY's nearest expiry. */
class TwoUnderlyings extends FaultyMarket {
  constructor() {
    super();
    const { instrument_key: _key, trading_symbol: _symbol, ...share } = stockRow('SHARE', 'INE0');
    const rows = chainRows(SHARE.expiry, STRIKES, FIRST_KEY);
    for (const row of rows) {
      const { instrument_key, instrument_type, strike_price, expiry } = row;
      const trading_symbol = `SHARE ${String(strike_price)} ${String(instrument_type)}`;
      this.rows.push({ ...share, instrument_key, instrument_type, strike_price, expiry, trading_symbol });
    }
  }

  override underlyingSpot(_key: string, t: number): number | null {
    return super.underlyingSpot(NIFTY.underlying, t);
  }

  override chain(underlying: string, expiry: string, t: number): StrikeAnswer[] | null {
    if (underlying !== SHARE.underlying) return super.chain(underlying, expiry, t);
    return (super.chain(NIFTY.underlying, expiry, t) ?? []).map((row, i) => ({
      ...row,
      underlying_key: SHARE.underlying,
      ...(row.call_options && {
        call_options: { ...row.call_options, instrument_key: `NSE_FO|${FIRST_KEY + 2 * i}` },
      }),
      ...(row.put_options && {
        put_options: { ...row.put_options, instrument_key: `NSE_FO|${FIRST_KEY + 2 * i + 1}` },
      }),
    }));
  }

  override candles(key: string, t: number): CandleRow[] | null {
    if (key === SHARE.underlying) return super.candles(NIFTY.underlying, t);
    const number = Number(key.split('|')[1]);
    return super.candles(number >= FIRST_KEY ? `NSE_FO|${number - FIRST_KEY + NIFTY_KEY}` : key, t);
  }
}

let house: FaultyHouse;
let nifty: FaultyScreen;
let share: FaultyScreen;
beforeEach(async () => {
  house = await openFaultyHouse({ market: new TwoUnderlyings() });
  await house.minutes(1);
  nifty = await house.screen(NIFTY);
  share = await house.screen(SHARE);
  await house.at('09:16');
  await house.at('09:17');
  for (const screen of [nifty, share])
    expect(await screen.look()).toMatchObject({ state: 'live', lastSlot: at('09:17') });
});
afterEach(async () => {
  closeSockets();
  await house.close();
});

const isOfNifty = (subject: string): boolean => subject.includes(encodeURIComponent(NIFTY.underlying));
const throttleNifty = (retryAfter: number): void =>
  house.faults.inject('option-chain', { type: 'status', status: 429, retryAfter }, 1, isOfNifty);

/** Seconds after `from` of the calls for each of the two. */
function callsSince(from: number): { nifty: number[]; share: number[] } {
  const calls = house.simulator.calls.list('option-chain').filter((call) => call.at >= from);
  const seconds = (ofNifty: boolean): number[] =>
    calls.filter(({ subject }) => isOfNifty(subject) === ofNifty).map((call) => (call.at - from) / SECOND_MS);
  return { nifty: seconds(true), share: seconds(false) };
}

const THE_SERVERS = { accessToken: 'demo', userId: 'environment' };
const budgetOf = (userId: string, api: 'option-chain' | 'quotes' = 'option-chain'): number =>
  house.get(Broker).budget({ ...THE_SERVERS, userId }, api);
const throttled = (): number => house.get(BrokerMetrics).count('option-chain', 'throttled');

/** Somebody else signs in, with an account of their own. @returns their user id at the broker */
async function anotherAccount(): Promise<string> {
  const app = { client_id: 'another', redirect_uri: 'http://127.0.0.1:5000/callback' };
  const dialog = `/v2/login/authorization/dialog?${new URLSearchParams({ ...app, response_type: 'code' }).toString()}`;
  const consent = await fetch(house.simulator.url + dialog, { redirect: 'manual' });
  const code = new URL(consent.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const form = { ...app, code, client_secret: 'any', grant_type: 'authorization_code' };
  const granted = await fetch(`${house.simulator.url}/v2/login/authorization/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { access_token: accessToken, user_id: userId } = (await granted.json()) as Record<string, string>;
  const answer = await fetch(`${house.base}/api/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: house.base },
    body: JSON.stringify({ accessToken }),
  });
  expect(answer.status).toBe(200);
  return userId!;
}

describe('F01 429 with Retry-After for one of two underlyings', () => {
  it('should hold back that account, leave the other underlying live by its own minute, and bring both back', async () => {
    throttleNifty(95);
    house.clock.set(at('09:18'));
    await house.tick();
    expect(await house.stored(NIFTY)).toEqual(['09:15', '09:16', '09:17']);
    expect((await house.stored(SHARE)).at(-1)).toBe('09:18');
    // The account's budget for chains is gone, for both; another API of it is not.
    expect(budgetOf('environment')).toBe(0);
    expect(budgetOf('environment', 'quotes')).toBeGreaterThan(0);
    await house.live(94);
    expect(callsSince(at('09:18'))).toEqual({ nifty: [0], share: [0] });
    expect(await nifty.look()).toMatchObject({ state: 'stale', lastSlot: at('09:17') });
    expect(nifty.status.message).toContain('Nothing new since 09:17');
    expect(await share.look()).toMatchObject({ state: 'live', lastSlot: at('09:18'), message: null });
    expect(share.statuses.filter(({ state }) => state === 'stale')).toEqual([]);
    await house.live(6);
    for (const [screen, chain] of [[nifty, NIFTY] as const, [share, SHARE] as const]) {
      await house.rebuilt(chain);
      expect(await screen.look()).toMatchObject({ state: 'live', quality: { missed: 0 } });
      expect((await house.stored(chain)).at(-1)).toBe('09:19');
      expect(screen.table).toEqual(await house.chains.latest(chain));
    }
    const { nifty: ofNifty, share: ofShare } = callsSince(at('09:18'));
    expect(Math.min(...ofNifty.slice(1), ...ofShare.slice(1))).toBeGreaterThanOrEqual(95);
    expect([ofNifty.length, ofShare.length]).toEqual([2, 2]);
    expect(throttled()).toBe(1);
  });

  it('should keep both live on the budget of another account', async () => {
    const other = await anotherAccount();
    throttleNifty(170);
    house.clock.set(at('09:18'));
    await house.tick();
    expect(throttled()).toBe(1);
    const held = ['environment', other].find((userId) => budgetOf(userId) === 0)!;
    const free = held === other ? 'environment' : other;
    expect(budgetOf(free)).toBeGreaterThan(0);
    await house.live(169);
    // Up to the last second nothing leaves for the account that was told to wait; the other has a call a minute for each.
    expect(budgetOf(held)).toBe(0);
    const minutesOf = (seconds: number[]): number[] => seconds.map((second) => Math.floor(second / 60));
    const calls = callsSince(at('09:18'));
    expect(minutesOf(calls.nifty)).toEqual([0, 0, 1, 2]);
    expect(minutesOf(calls.share)).toEqual([0, 1, 2]);
    for (const [screen, chain] of [[nifty, NIFTY] as const, [share, SHARE] as const]) {
      expect(await screen.look()).toMatchObject({ state: 'live', lastSlot: at('09:20') });
      expect(screen.statuses.map(({ state }) => state)).not.toContain('stale');
      expect((await house.stored(chain)).slice(-3)).toEqual(['09:18', '09:19', '09:20']);
      expect(screen.table).toEqual(await house.chains.latest(chain));
    }
    expect(throttled()).toBe(1);
    await house.live(2);
    expect(budgetOf(held)).toBeGreaterThan(0);
  });
});
