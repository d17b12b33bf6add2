import fc from 'fast-check';
import { mapChain } from '../../../server/upstox/chain-mapper.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { CHAIN, leg, row } from './chain-samples.js';
import { fuzz } from '../../support/fuzz.js';

const wholeRefusal = expect.objectContaining({ name: 'BrokerError', kind: 'bad-answer' }) as unknown;

function thrown(data: unknown): unknown {
  try {
    return mapChain(data, CHAIN);
  } catch (error) {
    return error;
  }
}

describe('mapChain', () => {
  it('should map spot, strikes ascending, both legs and their keys', () => {
    const chain = mapChain([row(23000), row(132.5)], CHAIN);
    const quote = { oi: 388800, prevOi: 380000, ltp: 120.5, volume: 6500 };
    expect(chain.spot).toBe(22976.2);
    expect(chain.strikes).toEqual([
      { strike: 132.5, call: quote, put: quote },
      { strike: 23000, call: quote, put: quote },
    ]);
    expect(chain.keys.get(23000)).toEqual({ call: 'NSE_FO|230001', put: 'NSE_FO|230002' });
    expect(chain.rejected).toEqual([]);
  });

  it('should give an empty chain for an expiry without strikes', () => {
    expect(mapChain([], CHAIN)).toEqual({ spot: null, strikes: [], keys: new Map(), rejected: [] });
  });

  it('should leave a side null that is absent, null or empty', () => {
    const chain = mapChain(
      [
        row(1, { call_options: undefined }),
        row(2, { call_options: null }),
        row(3, { put_options: {} }),
        row(4, { put_options: { instrument_key: '', market_data: null } }),
      ],
      CHAIN,
    );
    expect(chain.strikes.map((s) => [s.call === null, s.put === null])).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, true],
    ]);
    expect(chain.rejected).toEqual([]);
  });

  it('should keep a listed leg without market data, all of it unknown', () => {
    const chain = mapChain(
      [row(1, { call_options: { instrument_key: 'NSE_FO|9', market_data: null } })],
      CHAIN,
    );
    expect(chain.strikes[0]?.call).toEqual({ oi: null, prevOi: null, ltp: null, volume: null });
    expect(chain.keys.get(1)?.call).toBe('NSE_FO|9');
  });

  it('should tell an OI of 0 from an OI that is not given', () => {
    const chain = mapChain(
      [
        row(1, {
          call_options: leg('a', { oi: 0 }),
          put_options: leg('b', { oi: undefined, prev_oi: null }),
        }),
      ],
      CHAIN,
    );
    expect(chain.strikes[0]?.call?.oi).toBe(0);
    expect(chain.strikes[0]?.put).toMatchObject({ oi: null, prevOi: null });
    expect(chain.rejected).toEqual([]);
  });

  it.each([
    ['a negative number', -65],
    ['a string', '388800'],
    ['NaN', NaN],
    ['infinity', Infinity],
    ['1e308', 1e308],
    ['a fraction', 388800.5],
    ['a list', [1]],
    ['an object', { value: 1 }],
    ['true', true],
  ])('should refuse %s as OI, that cell alone, and say so', (_name, oi) => {
    const chain = mapChain([row(23000, { call_options: leg('k', { oi }) })], CHAIN);
    expect(chain.strikes[0]?.call).toEqual({ oi: null, prevOi: 380000, ltp: 120.5, volume: 6500 });
    expect(chain.strikes[0]?.put?.oi).toBe(388800);
    expect(chain.rejected).toHaveLength(1);
    expect(chain.rejected[0]).toMatch(/^23000 call oi: .* is not a count$/);
  });

  it('should make -0 a 0', () => {
    const chain = mapChain([row(1, { call_options: leg('k', { oi: -0, ltp: -0 }) })], CHAIN);
    expect(Object.is(chain.strikes[0]?.call?.oi, 0)).toBe(true);
    expect(Object.is(chain.strikes[0]?.call?.ltp, 0)).toBe(true);
  });

  it.each(['prev_oi', 'ltp', 'volume'])('should judge %s by itself', (cell) => {
    const chain = mapChain([row(23000, { put_options: leg('k', { [cell]: -1 }) })], CHAIN);
    expect(chain.rejected).toEqual([expect.stringContaining(`23000 put ${cell}: -1 is not a`)]);
    expect(chain.strikes[0]?.put?.oi).toBe(388800);
  });

  it.each([
    ['absent', undefined, 0],
    ['null', null, 0],
    ['0', 0, 0],
    ['a string', '22976', 1],
  ])('should know no spot where it is %s', (_name, spot, rejected) => {
    const chain = mapChain([row(1, { underlying_spot_price: spot })], CHAIN);
    expect(chain.spot).toBeNull();
    expect(chain.rejected).toHaveLength(rejected);
  });

  it('should leave out a row without a usable strike and list it', () => {
    const chain = mapChain([row(1), row(2), row(3, { strike_price: '3' }), row(0)], CHAIN);
    expect(chain.strikes.map((s) => s.strike)).toEqual([1, 2]);
    expect(chain.rejected).toHaveLength(2);
  });

  it('should leave out a strike that is given twice: it has two truths', () => {
    const chain = mapChain([row(1), row(2), row(2, { call_options: null }), row(3)], CHAIN);
    expect(chain.strikes.map((s) => s.strike)).toEqual([1, 3]);
    expect(chain.rejected).toEqual(['2: the strike is given more than once']);
  });

  it.each([
    ['null', null],
    ['an object', {}],
    ['a string', 'ok'],
    ['rows that are mostly no rows', [1, 2, row(3)]],
    ['a row of another expiry', [row(1), row(2, { expiry: '2025-02-20' })]],
    ['a row of another underlying', [row(1, { underlying_key: 'NSE_INDEX|Nifty Bank' })]],
  ])('should refuse the whole answer when it is %s', (_name, data) => {
    expect(thrown(data)).toEqual(wholeRefusal);
  });

  it('should map 250 legs in well under 3 ms', () => {
    const data = Array.from({ length: 125 }, (_, i) => row(20000 + 50 * i));
    for (let i = 0; i < 50; i++) mapChain(data, CHAIN);
    const times = Array.from({ length: 101 }, () => {
      const start = performance.now();
      mapChain(data, CHAIN);
      return performance.now() - start;
    }).sort((a, b) => a - b);
    expect(times[50]).toBeLessThan(3);
  });

  it('should survive any mutation with a clean chain or a BrokerError', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.double(),
      fc.string(),
      fc.constantFrom(-1, 1e308, '5', null, undefined, [], {}),
    );
    const path = fc.constantFrom(
      ['strike_price'],
      ['underlying_spot_price'],
      ['expiry'],
      ['call_options'],
      ['put_options', 'market_data'],
      ['put_options', 'instrument_key'],
      ['call_options', 'market_data', 'oi'],
      ['call_options', 'market_data', 'prev_oi'],
      ['put_options', 'market_data', 'ltp'],
      ['put_options', 'market_data', 'volume'],
    );
    const mutation = fc.record({ row: fc.nat(4), path, value: junk });
    fuzz(
      'broker: chain with junk',
      fc.property(fc.array(mutation, { maxLength: 6 }), (mutations) => {
        const data = [1, 2, 3, 4, 5].map((strike) => row(strike));
        for (const { row: index, path: keys, value } of mutations) mutate(data[index], keys, value);
        expectCleanOrRefused(thrown(data));
      }),
    );
  });

  it('should survive anything at all', () => {
    fuzz(
      'broker: any chain',
      fc.property(fc.anything({ withNullPrototype: true }), (data) => expectCleanOrRefused(thrown(data))),
    );
  });
});

function mutate(target: unknown, keys: readonly string[], value: unknown): void {
  let at = target;
  for (const key of keys.slice(0, -1)) {
    if (typeof at !== 'object' || at === null) return;
    at = (at as Record<string, unknown>)[key];
  }
  if (typeof at === 'object' && at !== null) (at as Record<string, unknown>)[keys.at(-1) ?? ''] = value;
}

function expectCleanOrRefused(result: unknown): void {
  if (result instanceof BrokerError) return expect(result.kind).toBe('bad-answer');
  const chain = result as ReturnType<typeof mapChain>;
  const numbers = [chain.spot, ...chain.strikes.map((s) => s.strike)];
  for (const { call, put } of chain.strikes)
    for (const quote of [call, put]) if (quote) numbers.push(quote.oi, quote.prevOi, quote.ltp, quote.volume);
  for (const n of numbers)
    if (n !== null && !(n >= 0 && n <= Number.MAX_SAFE_INTEGER)) throw new Error(`${n}`);
  for (const text of chain.rejected) expect(text.length).toBeLessThan(120);
}
