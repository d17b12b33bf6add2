import { generatedMarket, recordedMarket, type StrikeAnswer } from '../../../server/simulator/index.js';
import { describeWithData } from '../../support/shared-data.js';
import {
  chainByMinute,
  changeRate,
  changesOver,
  expiriesOf,
  legsOf,
  mean,
  NIFTY,
  oiSeries,
  quantile,
} from './days.js';

/** OI series of the legs whose strike is at most `steps` × 50 rupees from the spot of the middle of the day. */
function near(chains: StrikeAnswer[][], from: number, to: number): number[][] {
  const rows = chains[Math.floor(chains.length / 2)] ?? [];
  const spot = rows[0]?.underlying_spot_price ?? NaN;
  const inside = rows.filter((r) => {
    const away = Math.abs(r.strike_price - spot);
    return away >= from && away < to;
  });
  const series = oiSeries(chains);
  return inside.flatMap(legsOf).map((leg) => series.get(leg.instrument_key ?? '') ?? []);
}

const rateOf = (legs: number[][]): number => mean(legs.map(changeRate));

describe('pace of the generated day', () => {
  const market = generatedMarket({ date: '2026-11-20' });
  const [expiry = ''] = expiriesOf(market, NIFTY);
  const chains = chainByMinute(market, NIFTY, expiry, 555, 940);

  it('should change about once a minute near the money and seldom far out', () => {
    expect(rateOf(near(chains, 0, 200))).toBeGreaterThan(0.7);
    expect(rateOf(near(chains, 0, 200))).toBeLessThan(0.97);
    expect(rateOf(near(chains, 1000, 3000))).toBeLessThan(0.35);
  });

  it('should keep 3-minute changes mostly within 3 %, with some beyond 5 %', () => {
    const changes = near(chains, 0, 250).flatMap((oi) => changesOver(oi, 3));
    const within = changes.filter((c) => Math.abs(c) <= 3).length / changes.length;
    expect(within).toBeGreaterThan(0.9);
    expect(changes.some((c) => Math.abs(c) > 5)).toBe(true);
  });

  it('should reach tens of percent over 30 minutes', () => {
    const changes = near(chains, 0, 250).flatMap((oi) => changesOver(oi, 30));
    expect(quantile(changes, 0.99)).toBeGreaterThan(10);
    expect(Math.max(...changes)).toBeLessThan(120);
    expect(quantile(changes, 0.01)).toBeLessThan(-3);
  });

  it('should total crores of NIFTY units, calls heavier above the spot and puts below', () => {
    const rows = chains[200] ?? [];
    const spot = rows[0]?.underlying_spot_price ?? NaN;
    const sum = (side: 'call_options' | 'put_options', above: boolean): number =>
      rows
        .filter((r) => r.strike_price > spot === above)
        .reduce((total, r) => total + (r[side]?.market_data.oi ?? 0), 0);
    expect(sum('call_options', true)).toBeGreaterThan(2e7);
    expect(sum('call_options', true)).toBeGreaterThan(2 * sum('call_options', false));
    expect(sum('put_options', false)).toBeGreaterThan(2 * sum('put_options', true));
  });

  it.each(['2026-11-20', '2026-11-23', '2026-11-24', '2026-08-18'])(
    'should move the spot by 0.3 to 0.8 %% on %s',
    (date) => {
      const day = generatedMarket({ date });
      const open = Date.parse(`${date}T09:15:00+05:30`);
      const spots = Array.from(
        { length: 385 },
        (_, m) => day.underlyingSpot(NIFTY, open + m * 60_000) ?? NaN,
      );
      const range = 100 * (Math.max(...spots) / Math.min(...spots) - 1);
      expect(range).toBeGreaterThan(0.29);
      expect(range).toBeLessThan(0.81);
    },
  );

  it('should churn and unwind on the day of expiry', () => {
    const day = generatedMarket({ date: '2026-11-24' });
    const legs = near(chainByMinute(day, NIFTY, '2026-11-24', 555, 940), 0, 200);
    const fallen = legs.filter((oi) => (oi.at(-1) ?? 0) < Math.max(...oi) * 0.8);
    expect(fallen.length).toBeGreaterThan(legs.length / 2);
  });
});

describeWithData(
  'pace of the generated day beside the recorded one',
  {
    master: 'instruments/upstox-complete-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
  },
  ({ master, day }) => {
    const minutes = [643, 930] as const;
    let recorded: StrikeAnswer[][];
    let generated: StrikeAnswer[][];

    beforeAll(async () => {
      const real = await recordedMarket({ instrumentsFile: master, dayFile: day });
      recorded = chainByMinute(real, NIFTY, '2026-08-25', ...minutes);
      generated = chainByMinute(generatedMarket({ date: '2026-08-18' }), NIFTY, '2026-08-25', ...minutes);
    });

    it.each([
      [0, 100],
      [100, 300],
      [300, 600],
      [600, 1000],
      [1000, 3000],
    ])('should change as often as the real legs %d to %d rupees from the spot, within 0.2', (from, to) => {
      const [mine, real] = [rateOf(near(generated, from, to)), rateOf(near(recorded, from, to))];
      console.info(
        `changes a minute, ${from}–${to} from spot: generated ${mine.toFixed(2)}, recorded ${real.toFixed(2)}`,
      );
      expect(Math.abs(mine - real)).toBeLessThan(0.2);
    });

    it('should spread 3-minute changes near the money between half and twice as wide as the real ones', () => {
      const width = (chains: StrikeAnswer[][]): number => {
        const changes = near(chains, 0, 300).flatMap((oi) => changesOver(oi, 3));
        return quantile(changes, 0.95) - quantile(changes, 0.05);
      };
      const ratio = width(generated) / width(recorded);
      console.info(`width of 3-minute changes, generated ÷ recorded: ${ratio.toFixed(2)}`);
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    });
  },
);
