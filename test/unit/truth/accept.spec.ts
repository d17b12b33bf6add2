import { asOf, recordedMinutes, truthOf } from '../../support/truth/index.js';
import type { ChainAnswers } from '../../support/truth/types.js';
import { ist, tinyDay } from './days.js';

const row = (time: string, oi: number | '', volume: number | '', putOi: number | '' = 50): string =>
  `${time} 104 100 ${oi},10,${volume} ${putOi},20,${volume}`;
const minutes = (...times: string[]): number[] => times.map(ist);

describe('the checker, suspect answers', () => {
  it('should refuse a chain of zeros', () => {
    const truth = tinyDay([row('10:00', 100, 10), row('10:01', 0, 11, 0), row('10:02', 100, 12)]);
    expect(truth.slots).toEqual(minutes('10:00', '10:02'));
    expect(truth.refusals).toEqual([{ slot: ist('10:01'), reason: 'all-zero' }]);
  });

  it('should refuse an answer whose volume ran backwards, and measure the next one by the last accepted', () => {
    const truth = tinyDay([
      row('10:00', 100, 10),
      row('10:01', 101, 9),
      row('10:02', 102, 9),
      row('10:03', 103, 10),
    ]);
    expect(truth.slots).toEqual(minutes('10:00', '10:03'));
    expect(truth.refusals.map(({ reason }) => reason)).toEqual(['stale-volume', 'stale-volume']);
  });

  it('should sum volume only over the legs that both answers carry', () => {
    const truth = tinyDay([
      row('10:00', 100, 10),
      '10:00 104 110 9,1,5000 9,1,5000',
      row('10:01', 101, 11),
      row('10:02', 102, ''),
    ]);
    expect(truth.refusals).toEqual([]);
  });

  it('should accept the fourth answer after three refusals and measure by it from then on', () => {
    const truth = tinyDay([
      row('10:00', 100, 10),
      ...['10:01', '10:02', '10:03', '10:04', '10:05'].map((time) => row(time, 100, 5)),
      row('10:06', 100, 4),
    ]);
    expect(truth.slots).toEqual(minutes('10:00', '10:04', '10:05'));
    expect(truth.refusals.map(({ slot }) => slot)).toEqual(minutes('10:01', '10:02', '10:03', '10:06'));
  });

  it('should capture once per slot', () => {
    const truth = tinyDay([row('10:00', 100, 10), row('10:00:30', 200, 11), row('10:01', 300, 12)]);
    expect(truth.slots).toEqual(minutes('10:00', '10:01'));
    expect(truth.at(ist('10:00')).rows[0]?.call?.oi).toBe(100);
  });

  it('should not believe a zero without trades, and believe it with trades', () => {
    const truth = tinyDay([row('10:00', 100, 10), row('10:01', 0, 10), row('10:02', 0, 11)]);
    expect(truth.at(ist('10:01')).rows[0]?.call?.oi).toBeNull();
    expect(truth.at(ist('10:02')).rows[0]?.call?.oi).toBe(0);
    expect(truth.phantoms).toEqual([{ slot: ist('10:01'), strike: 100, side: 'call' }]);
  });

  it('should not believe a zero whose volume is not given', () => {
    const truth = tinyDay([row('10:00', 100, ''), row('10:01', 0, '')]);
    expect(truth.at(ist('10:01')).rows[0]?.call?.oi).toBeNull();
  });

  it('should believe a zero that was never anything else', () => {
    const truth = tinyDay([row('10:00', 0, 0), row('10:01', 0, 0)]);
    expect(truth.at(ist('10:01')).rows[0]?.call?.oi).toBe(0);
  });

  it('should refuse to speak of a slot without a capture', () => {
    expect(() => tinyDay([row('10:00', 100, 10)]).at(ist('10:01'))).toThrow(RangeError);
  });
});

describe('the checker, live replay', () => {
  const strikes = (oi: number) =>
    new Map([
      [100, { call: { oi, ltp: 1, volume: oi }, put: null }],
    ]) as ChainAnswers['answers'][number]['strikes'];
  const chain: ChainAnswers = {
    underlying: 'TINY',
    expiry: '2026-08-25',
    prevOi: new Map(),
    answers: [
      { at: ist('10:00:10'), spot: 1, strikes: strikes(100) },
      { at: ist('10:05:10'), spot: 1, strikes: strikes(120) },
    ],
  };

  it('should answer with the newest snapshot at or before the moment of asking', () => {
    const moments = ['09:59:59', '10:00:10', '10:05:09', '10:06:00'].map(ist);
    const truth = truthOf(
      asOf(
        chain,
        moments.map((at) => ({ receivedAt: at, tellsOf: at })),
      ),
    );
    expect(truth.slots).toEqual(minutes('10:00', '10:05', '10:06'));
    expect(truth.slots.map((slot) => truth.at(slot).rows[0]?.call?.oi)).toEqual([100, 100, 120]);
  });

  it('should capture in the minute of the receipt what was true at the moment of asking', () => {
    const crossing = { receivedAt: ist('10:06:01'), tellsOf: ist('10:05:09') };
    const truth = truthOf(asOf(chain, [crossing]));
    expect(truth.slots).toEqual(minutes('10:06'));
    expect(truth.at(ist('10:06')).rows[0]?.call?.oi).toBe(100);
  });

  it('should know what a candle of a minute would say', () => {
    const minute = recordedMinutes(chain);
    expect(minute(100, 'call', ist('09:59'))).toBeNull();
    expect(minute(100, 'call', ist('10:04'))?.oi).toBe(100);
    expect(minute(100, 'call', ist('10:05'))?.oi).toBe(120);
    expect(minute(100, 'put', ist('10:05'))).toBeNull();
  });
});
