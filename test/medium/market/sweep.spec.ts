import { rm } from 'node:fs/promises';
import { WriteQueue } from '../../../server/database/write-queue.js';
import type { ChainId } from '../../../server/domain/contract.js';
import { slotAdd, slotOf } from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS, SECOND_MS, type Slot } from '../../../server/domain/units.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import {
  CAPTURED_APART,
  isCaptured,
  MISSING,
  NOT_ASKED,
  REFUSED_ALL_ZERO,
  REFUSED_STALE,
} from '../../../server/market/minutes/frame.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import type { BrokerQuote } from '../../../server/upstox/broker.js';
import { at, NIFTY, share, slotAtTime } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';
import { brokerError } from '../../support/scripted-broker.js';
import { chainRows, masterFile, NIFTY_INDEX, streamOf } from '../../unit/instruments/master-rows.js';
import { legOfKey, openMarketHouse, quotesOf, type MarketHouse } from './market-house.js';

let house: MarketHouse;
afterEach(() => house.close());

/** Marks of a chain in the stored minutes, by slot. */
async function marksOf(chain: ChainId): Promise<Map<Slot, number>> {
  const id = await chainId(chain);
  const marks = new Map<Slot, number>();
  for await (const { universe, frame } of house.minutes.frames(at('09:00'), at('09:00') + 3 * DAY_MS))
    marks.set(frame.slot, frame.marks[universe.chainIds.indexOf(id)] ?? NOT_ASKED);
  return marks;
}

/** Stored OI of a chain's options in a slot, calls and puts in turns. */
async function storedOi(chain: ChainId, slot: Slot): Promise<number[]> {
  const id = await chainId(chain);
  for await (const { universe, frame } of house.minutes.frames(slot, slot)) {
    const place = universe.chainIds.indexOf(id);
    const legs = Array.from(
      { length: universe.chainStart[place + 1]! - universe.chainStart[place]! },
      (_, i) => universe.chainStart[place]! + i,
    );
    return legs.filter((leg) => universe.sides[leg]! < 2).map((leg) => frame.oi[leg]!);
  }
  throw new Error('the slot is not stored');
}

async function chainId(chain: ChainId): Promise<number> {
  return (await house.get(SnapshotStore).findChain(chain)) ?? -1;
}

const expectedOi = (chain: ChainId, slot: Slot): number[] =>
  marketQuote(chain, slot).strikes.flatMap(({ call, put }) => [call?.oi ?? NaN, put?.oi ?? NaN]);

/** Lets the script change what the broker answers. */
function rewrite(change: (quote: BrokerQuote, slot: Slot) => BrokerQuote | null): void {
  house.broker.onQuotes = (keys) => {
    house.asked.push([...keys]);
    const slot = slotOf(house.clock.now());
    const quotes = [...quotesOf(keys, slot)].flatMap(([key, quote]) => {
      const changed = change(quote, slot);
      return changed ? [[key, changed] as const] : [];
    });
    return new Map(quotes);
  };
}

const isOf = (key: string, chain: ChainId): boolean => legOfKey(key)?.chain.underlying === chain.underlying;

describe('the sweep of the market', () => {
  it('should store every near chain once a minute, as the broker gave it, and publish after that', async () => {
    house = await openMarketHouse({ shares: 3 });
    await house.sweep(3);
    expect(house.rows.map(({ slot }) => slot)).toEqual(['10:00', '10:01', '10:02'].map(slotAtTime));
    for (const chain of [NIFTY, share(0), share(2)])
      for (const { slot } of house.rows)
        expect(await storedOi(chain, slot as Slot)).toEqual(expectedOi(chain, slot as Slot));
    const { sweep, rows } = house.rows.at(-1)!;
    expect(sweep).toMatchObject({ state: 'full', chains: 4, callsNeeded: 1, message: null });
    expect(rows.map(({ symbol }) => symbol).sort()).toEqual(['NIFTY', 'SHARE0', 'SHARE1', 'SHARE2']);
    expect(house.asked).toHaveLength(3);
  });

  it('should give rows that follow from the OI of the broker', async () => {
    house = await openMarketHouse({ shares: 1 });
    await house.sweep(7);
    const row = house.row('SHARE0');
    const slot = row.slot as Slot;
    const sums = (of: Slot): number[] =>
      [0, 1].map((side) =>
        expectedOi(share(0), of).reduce((sum, oi, i) => sum + (i % 2 === side && oi === oi ? oi : 0), 0),
      );
    expect([row.callOi, row.putOi]).toEqual(sums(slot));
    expect(row.pcr).toBe(row.putOi! / row.callOi!);
    const [now, base] = [expectedOi(share(0), slot), expectedOi(share(0), slotAdd(slot, -3))];
    const add = (side: number): number =>
      now.reduce((sum, oi, i) => sum + (i % 2 === side && oi === oi && base[i]! >= 0 ? oi - base[i]! : 0), 0);
    // The put of the lowest strike has no OI in the fourth minute: it takes no part, or has an older base.
    expect(row.windows[0]!.callAdd).toBe(add(0));
    expect(row.windows[0]!.legs).toBe(12);
    expect(row.windows[1]!.callAdd).not.toBeNull();
    expect(row.windows[2]).toMatchObject({ callAdd: null, putAdd: null, pcrChange: null, legs: 0 });
    expect(row.flags).toEqual([]);
  });

  it('should take missing keys for unknown, and leave keys alone that nobody asked for', async () => {
    house = await openMarketHouse({ shares: 1 });
    const gone = 'NSE_FO|100003';
    rewrite((quote) => (quote.instrumentKey === gone ? null : quote));
    const answer = house.broker.onQuotes;
    house.broker.onQuotes = async (keys) =>
      new Map([
        ...(await answer(keys)),
        ['NSE_FO|999', { instrumentKey: 'NSE_FO|999', oi: 1, prevOi: 1, ltp: 1, volume: 1, timestamp: null }],
      ]);
    await house.sweep(2);
    const stored = await storedOi(share(0), slotAtTime('10:01'));
    expect(stored[3]).toBeNaN();
    expect(stored.filter(Number.isNaN)).toHaveLength(1);
    expect(house.row('SHARE0').unknownLegs).toBe(1);
  });

  it('should lose nothing but its own chains when a call fails, and go on with them in the next minute', async () => {
    house = await openMarketHouse({ shares: 60 });
    let calls = 0;
    const answer = house.broker.onQuotes;
    house.broker.onQuotes = (keys) => {
      if (++calls === 2) throw brokerError('unreachable');
      return answer(keys);
    };
    await house.sweep(2);
    const lost = house.asked.length;
    expect(lost).toBe(3);
    const [first, second] = [await marksAt('10:00'), await marksAt('10:01')];
    expect(first.filter(isCaptured).length).toBeGreaterThan(30);
    expect(first.filter((mark) => mark === MISSING).length).toBeGreaterThan(15);
    expect(first.filter(isCaptured).length + first.filter((mark) => mark === MISSING).length).toBe(61);
    expect(second.every(isCaptured)).toBe(true);
  });

  it('should refuse a market of zeros chain by chain, and believe it after three refusals in a row', async () => {
    house = await openMarketHouse({ shares: 2 });
    await house.sweep(1);
    rewrite((quote) => ({ ...quote, oi: 0 }));
    await house.sweep(4);
    const marks = [...(await marksOf(share(1))).values()];
    expect(marks.slice(1, 4)).toEqual([REFUSED_ALL_ZERO, REFUSED_ALL_ZERO, REFUSED_ALL_ZERO]);
    expect(isCaptured(marks[4]!)).toBe(true);
    expect(house.rows[2]!.rows[0]!.flags).toContain('refused');
    // The figures stay those of the capture before, with their age.
    expect(house.rows[2]!.rows[0]).toMatchObject({ slot: slotAtTime('10:00') });
    // Believed, the zeros are phantoms still: volume has risen, so they are taken for true.
    expect(await storedOi(share(1), slotAtTime('10:04'))).toEqual(new Array(12).fill(0));
  });

  it('should refuse a stale answer of one chain and take the others', async () => {
    house = await openMarketHouse({ shares: 2 });
    await house.sweep(3);
    rewrite((quote, slot) =>
      isOf(quote.instrumentKey, share(0))
        ? quotesOf([quote.instrumentKey], slotAdd(slot, -2)).get(quote.instrumentKey)!
        : quote,
    );
    await house.sweep(1);
    const slot = slotAtTime('10:03');
    expect((await marksOf(share(0))).get(slot)).toBe(REFUSED_STALE);
    expect(isCaptured((await marksOf(share(1))).get(slot)!)).toBe(true);
  });

  it('should go on without an underlying that is delisted in mid-session, and ask for it ever less', async () => {
    house = await openMarketHouse({ shares: 2 });
    await house.sweep(2);
    rewrite((quote) => (isOf(quote.instrumentKey, share(0)) ? null : quote));
    await house.sweep(20);
    const asked = house.asked.filter((keys) => keys.includes('NSE_FO|100000')).length;
    expect(asked).toBe(2 + 3 + 1);
    expect((await marksOf(share(0))).get(slotAtTime('10:03'))).toBe(MISSING);
    expect(house.row('SHARE0')).toMatchObject({ slot: slotAtTime('10:01'), flags: ['stale'] });
    expect(house.row('SHARE1').slot).toBe(slotAtTime('10:21'));
  });

  it('should keep contracts apart whose keys are exchanged overnight', async () => {
    house = await openMarketHouse({ shares: 0 });
    await house.sweep(1);
    const next = at('10:00') + DAY_MS;
    house.clock.set(next);
    // Before the list of the new day is there, no key is to be trusted.
    await house.sweeper.tick();
    expect(house.sweeper.status()).toMatchObject({
      state: 'idle',
      message: expect.stringMatching(/list of contracts/),
    });
    const expiry = '2026-08-25';
    const rows = chainRows(expiry, 6, 51_000).map((row, i, all) => ({
      ...row,
      instrument_key: all[all.length - 1 - i]!['instrument_key'],
    }));
    await house.get(InstrumentsService).importFrom(streamOf(masterFile([NIFTY_INDEX, ...rows])), {
      source: 'test',
      asOf: next - 60 * MINUTE_MS,
      force: true,
    });
    house.broker.onQuotes = (keys) =>
      new Map(
        keys.map((key) => [
          key,
          {
            instrumentKey: key,
            oi: 65 * Number(/\d+$/.exec(key)?.[0] ?? 0),
            prevOi: 1,
            ltp: 1,
            volume: 1,
            timestamp: null,
          },
        ]),
      );
    await house.sweep(1);
    const stored = await storedOi({ ...NIFTY, expiry }, slotOf(next));
    expect(stored).toEqual(Array.from({ length: 12 }, (_, i) => 65 * (51_011 - i)));
  });

  it('should sweep less when the budget shrinks, indices first, and say so', async () => {
    house = await openMarketHouse({ shares: 120 });
    await house.sweep(1);
    expect(house.sweeper.status()).toMatchObject({ state: 'full', callsNeeded: 4 });
    house.broker.onBudget = (_token, api) => (api === 'quotes' ? 2 : 1_000);
    await house.sweep(6);
    const { sweep, rows } = house.rows.at(-1)!;
    expect(sweep).toMatchObject({ state: 'thinned', callsNeeded: 4, callsAllowed: 2 });
    expect(sweep.message).toMatch(/allows 2 of the 4 calls/);
    expect(house.row('NIFTY').slot).toBe(slotAtTime('10:06'));
    const ages = rows.map(({ slot }) => (slotAtTime('10:06') - slot!) / MINUTE_MS);
    expect(Math.max(...ages)).toBeLessThanOrEqual(4);
    expect(new Set(ages).size).toBeGreaterThan(1);
    expect(house.asked.length).toBe(4 + 6 * 2);
  });

  it('should leave watched chains out, and take over what the collector captured of them', async () => {
    house = await openMarketHouse({ shares: 2 });
    house.registry.enter(share(0));
    await house.tick();
    await house.sweep(1);
    expect(house.asked.flat().filter((key) => isOf(key, share(0)))).toEqual([]);
    const slot = slotAtTime('10:00');
    expect((await marksOf(share(0))).get(slot)).toBe(CAPTURED_APART + 2);
    expect(await storedOi(share(0), slot)).toEqual(expectedOi(share(0), slot));
    expect(house.row('SHARE0').flags).toContain('watched');
    expect(house.broker.calls(share(0))).toBe(1);
  });

  it('should sweep a watched chain that the collector cannot get', async () => {
    house = await openMarketHouse({ shares: 1 });
    house.registry.enter(share(0));
    house.broker.onChain = () => {
      throw brokerError('unreachable');
    };
    await house.tick();
    await house.sweep(1);
    expect(house.row('SHARE0').slot).toBe(slotAtTime('10:00'));
    expect(house.row('SHARE0').flags).not.toContain('watched');
  });

  it('should stop at a dead token, ask for a sign-in, and go on in the minute after the next one', async () => {
    house = await openMarketHouse({ shares: 1 });
    await house.sweep(1);
    house.broker.onQuotes = () => {
      throw brokerError('token-dead');
    };
    await house.sweep(2);
    expect(house.sweeper.status()).toMatchObject({
      state: 'idle',
      message: expect.stringMatching(/Sign in/),
    });
    rewrite((quote) => quote);
    await house.tokens.add({ userId: 'B', method: 'token', accessToken: 'second-token', expiresAt: null });
    await house.sweep(1);
    expect(house.rows.at(-1)!.slot).toBe(slotOf(house.clock.now()));
  });

  it('should count an answer that comes after the end of its minute to the minute in which it came', async () => {
    house = await openMarketHouse({ shares: 1 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    house.broker.onQuotes = async (keys) => {
      await held;
      return quotesOf(keys, slotOf(house.clock.now()));
    };
    await house.sweeper.tick();
    house.clock.set(at('10:01') + 5 * SECOND_MS);
    release();
    await house.sweeper.idle();
    for (const second of [6, 20, 51]) {
      house.clock.set(at('10:01') + second * SECOND_MS);
      await house.sweeper.tick();
      await house.sweeper.idle();
    }
    expect(await house.minutes.slots(at('09:00'), at('11:00'))).toEqual([slotAtTime('10:01')]);
    expect(await storedOi(share(0), slotAtTime('10:01'))).toEqual(expectedOi(share(0), slotAtTime('10:01')));
  });

  it('should sweep nothing on a holiday, before the open and after the close', async () => {
    house = await openMarketHouse({ at: '09:10', shares: 1 });
    await house.sweep(1);
    house.clock.set(at('15:41'));
    await house.sweep(1);
    expect(house.asked).toEqual([]);
    expect(house.sweeper.status()).toMatchObject({ state: 'idle', message: null });
  });

  it('should do nothing when it is switched off, and say so', async () => {
    house = await openMarketHouse({ shares: 1, env: { MARKET_SWEEP: 'off' } });
    await house.sweep(1);
    expect(house.asked).toEqual([]);
    expect(house.sweeper.status()).toMatchObject({
      state: 'off',
      message: expect.stringMatching(/MARKET_SWEEP/),
    });
  });

  it('should publish nothing that is not stored, and store it in order once the database takes it', async () => {
    house = await openMarketHouse({ shares: 1 });
    await house.sweep(1);
    const queue = house.get(WriteQueue);
    const write = queue.write.bind(queue);
    queue.write = () => Promise.reject(new Error('disk full'));
    for (const minute of ['10:01', '10:02', '10:03'])
      for (const second of [2, 43, 51]) {
        house.clock.set(at(minute) + second * SECOND_MS);
        await house.sweeper.tick();
        await house.sweeper.idle();
      }
    expect(house.rows).toHaveLength(1);
    queue.write = write;
    house.clock.set(at('10:04') + 2 * SECOND_MS);
    await house.sweep(1);
    const slots = ['10:00', '10:01', '10:02', '10:03', '10:04'].map(slotAtTime);
    expect(await house.minutes.slots(at('09:00'), at('11:00'))).toEqual(slots);
    expect(house.rows.map(({ slot }) => slot)).toEqual(slots);
    expect(await storedOi(share(0), slots[2]!)).toEqual(expectedOi(share(0), slots[2]!));
  });

  it('should store what has come when it is stopped', async () => {
    house = await openMarketHouse({ shares: 1 });
    await house.sweeper.tick();
    await house.sweeper.stop();
    expect(await house.minutes.slots(at('09:00'), at('11:00'))).toEqual([slotAtTime('10:00')]);
  });

  it('should show the same rows after a restart as without one', async () => {
    house = await openMarketHouse({ shares: 3 });
    await house.sweep(37);
    const uninterrupted = house.rows.at(-1)!;
    await house.close();
    house = await openMarketHouse({ shares: 3 });
    await house.sweep(35);
    await house.close(true);
    const { dir } = house;
    house = await openMarketHouse({ dir, shares: 3, at: at('10:34') + 51 * SECOND_MS });
    // This minute is stored already: sweeping it again changes nothing, and publishes nothing.
    await house.sweep(1);
    expect(house.rows).toEqual([]);
    await house.sweep(2);
    expect(house.rows.at(-1)).toEqual(uninterrupted);
    await house.close();
    await rm(dir, { recursive: true });
    house = await openMarketHouse();
  });

  it('should survive a clock that is set back, without a slot stored twice', async () => {
    house = await openMarketHouse({ shares: 1 });
    await house.sweep(5);
    house.clock.set(at('10:01') + 2 * SECOND_MS);
    for (let i = 0; i < 6 * 4; i++) {
      await house.sweeper.tick();
      await house.sweeper.idle();
      house.clock.advance(15 * SECOND_MS);
    }
    const slots = await house.minutes.slots(at('09:00'), at('11:00'));
    expect(slots).toEqual([...new Set(slots)]);
    expect(slots).toContain(slotAtTime('10:05'));
  });
});

async function marksAt(time: string): Promise<number[]> {
  for await (const { frame } of house.minutes.frames(at(time), at(time))) return [...frame.marks];
  return [];
}
