import { generatedMarket, type StrikeAnswer } from '../../../server/simulator/index.js';
import { istAt, istDate } from '../../../server/simulator/ist.js';
import { chainByMinute, expiriesOf, legsOf, NIFTY } from './days.js';

const DATE = '2026-11-20';
const noon = istAt(DATE, 720);

describe('generatedMarket', () => {
  const market = generatedMarket({ date: DATE });
  const rows = market.instruments();
  const options = rows.filter((r) => r.instrument_type === 'CE' || r.instrument_type === 'PE');

  it('should refuse what is no date', () => {
    expect(() => generatedMarket({ date: '2026-02-30' })).toThrow('not a date');
  });

  it('should list the indices, a dozen shares and crude oil with the lots of the day', () => {
    const lots = new Map(options.map((r) => [r.underlying_symbol, r.lot_size]));
    expect(Object.fromEntries(lots)).toMatchObject({
      ...{ NIFTY: 65, BANKNIFTY: 30, FINNIFTY: 60, MIDCPNIFTY: 120, SENSEX: 20, CRUDEOIL: 100 },
      ...{ RELIANCE: 500, 'M&M': 200, 'BAJAJ-AUTO': 75, TATASTEEL: 2750 },
    });
    expect(lots.size).toBe(18);
  });

  it('should give every contract a key of its own and every underlying its real one', () => {
    expect(new Set(rows.map((r) => r.instrument_key)).size).toBe(rows.length);
    const keys = new Set(rows.map((r) => r.instrument_key));
    expect(options.every((r) => keys.has(r.underlying_key ?? ''))).toBe(true);
    expect(keys.has('NSE_INDEX|Nifty 50') && keys.has('BSE_INDEX|SENSEX')).toBe(true);
    expect(keys.has('NSE_EQ|INE002A01018')).toBe(true);
  });

  it('should list at least five NIFTY expiries on Tuesdays, weekly and monthly, all different in size', () => {
    const expiries = expiriesOf(market, NIFTY);
    expect(expiries.length).toBeGreaterThanOrEqual(5);
    expect(expiries.slice(0, 2)).toEqual(['2026-11-24', '2026-12-01']);
    const flags = options.filter((r) => r.underlying_symbol === 'NIFTY').map((r) => r.weekly);
    expect(new Set(flags)).toEqual(new Set([true, false]));
    const sizes = expiries.map((e) => market.chain(NIFTY, e, noon)?.length);
    expect(new Set(sizes).size).toBeGreaterThanOrEqual(4);
  });

  it('should end SENSEX on Thursdays and hang crude oil options on futures', () => {
    expect(expiriesOf(market, 'BSE_INDEX|SENSEX')[0]).toBe('2026-11-26');
    const crude = options.filter((r) => r.segment === 'MCX_FO');
    const futures = rows.filter((r) => r.segment === 'MCX_FO' && r.instrument_type === 'FUT');
    expect(crude.length).toBeGreaterThan(100);
    const hooks = new Set(crude.map((r) => r.underlying_key));
    expect([...hooks].every((k) => futures.some((f) => f.instrument_key === k))).toBe(true);
  });

  it('should keep the contract keys from one day to the next', () => {
    const tomorrow = new Map(
      generatedMarket({ date: '2026-11-23' })
        .instruments()
        .map((r) => [r.trading_symbol, r.instrument_key]),
    );
    const common = options.filter((r) => tomorrow.has(r.trading_symbol));
    expect(common.length).toBeGreaterThan(options.length * 0.8);
    expect(common.every((r) => tomorrow.get(r.trading_symbol) === r.instrument_key)).toBe(true);
  });

  it('should write expiries as the last second of their day, IST', () => {
    for (const { expiry = 0 } of options) {
      expect(expiry).toBe(istAt(istDate(expiry), 1440) - 1000);
    }
  });

  it('should give the same values whatever was asked for before, and others for another seed', () => {
    const [expiry = ''] = expiriesOf(market, NIFTY);
    const fresh = generatedMarket({ date: DATE });
    fresh.quote(options.at(-1)?.instrument_key ?? '', noon);
    expect(fresh.chain(NIFTY, expiry, noon)).toEqual(market.chain(NIFTY, expiry, noon));
    const other = generatedMarket({ date: DATE, seed: 2 });
    expect(other.chain(NIFTY, expiry, noon)).not.toEqual(market.chain(NIFTY, expiry, noon));
  });

  it('should quote the extremes of the day so far, in whatever order its minutes are asked for', () => {
    const key = options[0]?.instrument_key ?? '';
    const until = (minutes: number) => {
      const quotes = Array.from({ length: minutes + 1 }, (_, m) => market.quote(key, istAt(DATE, 555 + m)));
      const [prices, oi] = [quotes.map((q) => q?.lastPrice ?? NaN), quotes.map((q) => q?.oi ?? NaN)];
      const of = (values: number[]) => [Math.max(...values), Math.min(...values)];
      return [quotes[0]?.lastPrice, ...of(prices), ...of(oi)];
    };
    for (const minutes of [200, 30, 30, 90, 0]) {
      const quote = market.quote(key, istAt(DATE, 555 + minutes));
      const told = [quote?.open, quote?.high, quote?.low, quote?.oiDayHigh, quote?.oiDayLow];
      expect(told).toEqual(until(minutes));
    }
  });

  it('should hold still within a minute', () => {
    const [expiry = ''] = expiriesOf(market, NIFTY);
    expect(market.chain(NIFTY, expiry, noon + 59_999)).toEqual(market.chain(NIFTY, expiry, noon));
  });

  it('should know OI of the previous session and no volume before the open', () => {
    const [expiry = ''] = expiriesOf(market, NIFTY);
    const legs = market.chain(NIFTY, expiry, istAt(DATE, 540))?.flatMap(legsOf) ?? [];
    expect(legs.length).toBeGreaterThan(200);
    expect(legs.every((l) => l.market_data.volume === 0 && l.market_data.oi === l.market_data.prev_oi)).toBe(
      true,
    );
  });

  it.each([NIFTY, 'BSE_INDEX|SENSEX', 'NSE_EQ|INE101A01026'])(
    'should deal in whole lots, with volume that never falls, in %s',
    (key) => {
      const [expiry = ''] = expiriesOf(market, key);
      const lot = options.find((r) => r.underlying_key === key)?.lot_size ?? NaN;
      const before = new Map<string, number>();
      for (const chain of chainByMinute(market, key, expiry, 555, 941))
        for (const leg of chain.flatMap(legsOf)) {
          const { oi = NaN, volume = NaN, prev_oi = NaN, ltp = NaN } = leg.market_data;
          const past = before.get(leg.instrument_key ?? '') ?? 0;
          const whole = oi % lot === 0 && volume % lot === 0 && prev_oi % lot === 0;
          if (!whole || oi < 0 || volume < past || !(ltp >= 0)) throw new Error(JSON.stringify(leg));
          before.set(leg.instrument_key ?? '', volume);
        }
    },
  );

  it('should price calls down and puts up the strikes', () => {
    const [expiry = ''] = expiriesOf(market, NIFTY);
    const chain = market.chain(NIFTY, expiry, noon) ?? [];
    const middle = chain.slice(chain.length / 2 - 10, chain.length / 2 + 10);
    const ltp = (side: (r: StrikeAnswer) => number): number[] => middle.map(side);
    const calls = ltp((r) => r.call_options?.market_data.ltp ?? NaN);
    const puts = ltp((r) => r.put_options?.market_data.ltp ?? NaN);
    expect(calls).toEqual([...calls].sort((a, b) => b - a));
    expect(puts).toEqual([...puts].sort((a, b) => a - b));
  });

  it('should build candles whose OI is the chain answer of their minute', () => {
    const [expiry = ''] = expiriesOf(market, NIFTY);
    const chain = market.chain(NIFTY, expiry, noon) ?? [];
    const leg = chain[Math.floor(chain.length / 2)]?.call_options;
    const candles = market.candles(leg?.instrument_key ?? '', noon) ?? [];
    const [first, ...others] = candles;
    expect(first?.[0] ?? '').toMatch(/^2026-11-20T\d\d:\d\d:00\+05:30$/);
    expect(others.every((c, i) => c[0] < (candles[i]?.[0] ?? ''))).toBe(true);
    expect(candles.reduce((sum, c) => sum + c[5], 0)).toBe(leg?.market_data.volume);
    for (const [time, , , , close, , oi] of candles.slice(0, 40)) {
      const then = market.quote(leg?.instrument_key ?? '', Date.parse(time));
      expect([then?.lastPrice, then?.oi]).toEqual([close, oi]);
    }
  });

  it('should answer nothing for keys and expiries it does not list', () => {
    expect(market.chain('NSE_INDEX|Nifty 51', '2026-11-24', noon)).toBeNull();
    expect(market.chain('MCX_COM|294', '2026-12-16', noon)).toBeNull();
    expect(market.chain(NIFTY, '2026-11-25', noon)).toEqual([]);
    expect(market.quote('NSE_FO|1', noon)).toBeNull();
    expect(market.candles('NSE_FO|1', noon)).toBeNull();
  });
});
