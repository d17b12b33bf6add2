import { MINUTE_MS, type Slot } from '../../../server/domain/units.js';
import type { UnderlyingInfo } from '../../../server/protocol/index.js';
import {
  chooseSweep,
  KEYS_A_CALL,
  type ChainNews,
  type Choice,
} from '../../../server/market/sweep/choose.js';
import { at } from './minutes.js';

interface Wanted {
  symbol: string;
  kind?: UnderlyingInfo['kind'];
  strikes?: number;
  weight?: number;
  isNearest?: boolean;
  spot?: number | null;
  empty?: number;
}

/** Strikes 5 apart from 100 on, two keys each, and a spot. */
function newsOf(chain: number, wanted: Wanted): ChainNews {
  const {
    symbol,
    kind = 'EQUITY',
    strikes = 20,
    weight = 0,
    isNearest = true,
    spot = 150,
    empty = 0,
  } = wanted;
  const underlying: UnderlyingInfo = {
    ...{ key: `NSE_EQ|${symbol}`, symbol, name: symbol, exchange: 'NSE', kind },
    ...{ lotSize: 100, nearestExpiry: '2026-08-25' },
  };
  const options = Array.from({ length: strikes }, (_, i) => 100 + 5 * i).flatMap((strike) =>
    ['C', 'P'].map((side) => ({ key: `${symbol}|${isNearest ? 1 : 2} ${strike}${side}`, strike })),
  );
  const keys = [...options, { key: underlying.key, strike: null }];
  const id = { underlying: underlying.key, expiry: '2026-08-25' };
  const planned = { chain, id, underlying, isNearest, keys };
  return { planned, spot, weight, empty, askedNear: -Infinity, askedFar: -Infinity };
}

const news = (wanted: readonly Wanted[]): ChainNews[] => wanted.map((one, chain) => newsOf(chain, one));
const order = (all: ChainNews[], choice: Choice): string[] =>
  choice.batches.flat().map(({ chain, part }) => `${all[chain]!.planned.underlying.symbol} ${part}`);
const keysOf = (choice: Choice): string[] => choice.batches.flat().flatMap((unit) => unit.keys);

/** A market of 30 chains of 201 keys: 15 calls. */
const market = (): ChainNews[] =>
  news([
    { symbol: 'SMALL', strikes: 100, weight: 1 },
    { symbol: 'GOLD', kind: 'COMMODITY', strikes: 100, weight: 1e9 },
    { symbol: 'NIFTY', kind: 'INDEX', strikes: 100, weight: 5 },
    { symbol: 'NIFTY-M', kind: 'INDEX', strikes: 100, weight: 9, isNearest: false },
    ...Array.from({ length: 26 }, (_, i) => ({ symbol: `S${i}`, strikes: 100, weight: 1_000 - i })),
  ]);

/** Sweeps so many minutes with so many calls; how many minutes apart each chain's part was asked for, at most. */
function longestWaits(all: ChainNews[], calls: number, minutes: number): Map<string, number> {
  const last = new Map<string, number>();
  const waits = new Map<string, number>();
  for (let minute = 0; minute < minutes; minute++) {
    const choice = chooseSweep(all, calls, at(minute));
    expect(choice.batches.length).toBeLessThanOrEqual(calls);
    for (const { chain, part } of choice.batches.flat()) {
      const name = `${all[chain]!.planned.underlying.symbol} ${part}`;
      waits.set(name, Math.max(waits.get(name) ?? 0, minute - (last.get(name) ?? -1)));
      last.set(name, minute);
      if (part !== 'far') all[chain]!.askedNear = at(minute);
      if (part !== 'near') all[chain]!.askedFar = at(minute);
    }
  }
  for (const [name, minute] of last) waits.set(name, Math.max(waits.get(name)!, minutes - minute));
  return waits;
}

describe('the choice of a sweep', () => {
  it('should ask for every key once while the calls suffice, 500 keys a call at most, chains uncut', () => {
    const all = market();
    const choice = chooseSweep(all, 56, at(0));
    expect(choice).toMatchObject({ isThinned: false, needed: choice.batches.length });
    expect(choice.batches.length).toBe(15);
    const keys = keysOf(choice);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(30 * 201);
    for (const batch of choice.batches)
      expect(batch.reduce((sum, unit) => sum + unit.keys.length, 0)).toBeLessThanOrEqual(KEYS_A_CALL);
  });

  it('should cut a chain that is longer than a call', () => {
    const all = news([{ symbol: 'BANKEX', kind: 'INDEX', strikes: 400 }]);
    const choice = chooseSweep(all, 56, at(0));
    expect(choice.batches.map((batch) => batch.flatMap((unit) => unit.keys).length)).toEqual([500, 301]);
  });

  it('should put indices first, then stocks by the value of their OI, then commodities', () => {
    const all = market();
    const symbols = order(all, chooseSweep(all, 56, at(0)));
    // First fit looks for room further ahead, but never before its turn in the first calls.
    expect(symbols.slice(0, 4)).toEqual(['NIFTY whole', 'NIFTY-M whole', 'S0 whole', 'S1 whole']);
    expect(symbols.slice(-2)).toEqual(['SMALL whole', 'GOLD whole']);
  });

  it('should thin by the stated order when calls are short: near strikes first, far ones in turn', () => {
    const all = market();
    const choice = chooseSweep(all, 3, at(0));
    expect(choice).toMatchObject({ isThinned: true, needed: 15 });
    const first = order(all, choice).slice(0, 4);
    expect(first).toEqual(['NIFTY near', 'NIFTY-M near', 'S0 near', 'S1 near']);
    // 21 strikes around a spot of 150, two keys each, and the spot's own.
    const [nifty] = choice.batches[0]!;
    expect(nifty!.keys.length).toBe(43);
    const strikes = nifty!.keys.flatMap((key) => /(\d+)[CP]$/.exec(key)?.[1] ?? []).map(Number);
    expect([Math.min(...strikes), Math.max(...strikes)]).toEqual([100, 200]);
  });

  it('should sweep what comes first each minute and everything else in turn, so that nothing starves', () => {
    const all = market();
    const waits = longestWaits(all, 5, 60);
    expect(waits.get('NIFTY near')).toBe(1);
    expect(waits.get('S10 near')).toBe(1);
    expect(waits.size).toBe(60);
    expect(Math.max(...waits.values())).toBeLessThanOrEqual(12);
  });

  it('should ask for nothing when no call is allowed, and say what it would take', () => {
    expect(chooseSweep(market(), 0, at(0))).toEqual({ batches: [], needed: 15, isThinned: true });
  });

  it('should not cut a chain whose spot is unknown into near and far', () => {
    const all = news([
      { symbol: 'A', spot: null, strikes: 200 },
      { symbol: 'B', strikes: 200 },
    ]);
    const choice = chooseSweep(all, 1, at(0));
    expect(choice.batches[0]![0]).toMatchObject({ chain: 0, part: 'near' });
    expect(choice.batches[0]![0]!.keys.length).toBe(401);
  });

  it('should ask for a chain that never answers every quarter of an hour only', () => {
    const all = news([{ symbol: 'A' }, { symbol: 'GONE', empty: 3 }]);
    const asked = (minute: number): boolean => {
      const choice = chooseSweep(all, 56, at(minute));
      const isAsked = choice.batches.flat().some(({ chain }) => chain === 1);
      if (isAsked) all[1]!.askedNear = at(minute);
      return isAsked;
    };
    const minutes = Array.from({ length: 40 }, (_, i) => i).filter(asked);
    expect(minutes).toEqual([0, 15, 30]);
  });

  it('should not depend on the order in which the chains come', () => {
    const slot = (at(0) + 5 * MINUTE_MS) as Slot;
    const [all, reversed] = [market(), market().reverse()];
    for (const calls of [56, 4])
      expect(keysOf(chooseSweep(reversed, calls, slot))).toEqual(keysOf(chooseSweep(all, calls, slot)));
  });
});
