import fc from 'fast-check';
import { applyMarket } from '../../../../client/lib/market-merge.js';
import { FrameMismatch } from '../../../../client/lib/sparse.js';
import { encodeMarket } from '../../../../server/market/board/frame-encoder.js';
import type { MarketBoard, MarketFrame } from '../../../../server/protocol/index.js';
import { encodeMarketFrame } from '../../../support/market-frame-encoder.mjs';
import { aMarketBoard, aMarketRow, anyRow, MARKET_SLOT } from '../../../factories/market.factory.js';
import { fuzz } from '../../../support/fuzz.js';

const overTheWire = (frame: MarketFrame): MarketFrame => JSON.parse(JSON.stringify(frame)) as MarketFrame;

const SHAPES = [
  { key: 'A', lotSize: 65, legs: 240 },
  { key: 'B', lotSize: null, legs: 12 },
  { key: 'C', lotSize: 1, legs: 3 },
  { key: 'D', lotSize: 7_125, legs: 80 },
];

const board = (seq: number): fc.Arbitrary<MarketBoard> => {
  const at = MARKET_SLOT + 30_000 + seq * 60_000;
  return fc.tuple(...SHAPES.map((shape) => anyRow(shape, at))).map((rows) => aMarketBoard({ seq, at, rows }));
};

describe('the frame of the market page', () => {
  it('should turn the board before into the board after, whatever both hold', () => {
    fuzz(
      'market frames',
      fc.property(board(1), board(2), fc.subarray([0, 1, 2, 3]), (before, fresh, kept) => {
        const rows = fresh.rows.map((row, i) => (kept.includes(i) ? sinceThen(before, i, fresh.at) : row));
        const after = { ...fresh, rows };
        const frame = overTheWire(encodeMarket(before, after));
        expect(applyMarket(before, frame)).toEqual(after);
        expect(frame.changed.length).toBeLessThanOrEqual(4 - kept.length);
      }),
    );
  });

  function sinceThen(before: MarketBoard, i: number, at: number): MarketBoard['rows'][number] {
    const row = before.rows[i]!;
    return { ...row, ageMs: row.capturedAt === null ? null : at - row.capturedAt };
  }

  it('should say the same as a plain encoder of the protocol', () => {
    fc.assert(
      fc.property(board(1), board(2), (before, after) =>
        expect(applyMarket(before, overTheWire(encodeMarketFrame(before, after)))).toEqual(
          applyMarket(before, overTheWire(encodeMarket(before, after))),
        ),
      ),
      { numRuns: 50 },
    );
  });

  it('should carry nothing of rows that only grew older', () => {
    const before = aMarketBoard();
    const later = before.at + 60_000;
    const after = { ...before, seq: 2, at: later, rows: [{ ...before.rows[0]!, ageMs: 88_000 }] };
    const frame = encodeMarket(before, after);
    expect([frame.changed, frame.callOi, frame.callAdd]).toEqual([[], [], []]);
    expect(applyMarket(before, overTheWire(frame))).toEqual(after);
  });

  it.each([
    ['there was no board', null],
    ['an underlying is new', aMarketBoard({ rows: [] })],
    ['an expiry changed', aMarketBoard({ rows: [aMarketRow({ expiry: '2026-08-25' })] })],
    ['the windows differ', aMarketBoard({ intervals: [3, 5] })],
  ])('should ask every screen to watch again when %s', (_, before) => {
    const frame = encodeMarket(before, aMarketBoard({ seq: 2 }));
    expect(frame.rows).toBe(0);
    if (before) expect(() => applyMarket(before, frame)).toThrow(FrameMismatch);
  });

  it.each<[string, Partial<MarketFrame>]>([
    ['a gap in seq', { seq: 3 }],
    ['another packing', { v: 2 as 1 }],
    ['another number of rows', { rows: 5 }],
    ['a row that is not there', { changed: [1] }],
    ['a cut column', { callOi: [] }],
    ['a cut column of windows', { putAdd: [1] }],
    ['a cut list of movers', { callBuildUp: { strike: [1, 0, 0, 0, 0], oi: [], abs: [], early: [] } }],
  ])('should be refused for %s, and leave the board as it was', (_, wrong) => {
    const before = aMarketBoard();
    const copy = structuredClone(before);
    const after = aMarketBoard({ seq: 2, rows: [aMarketRow({ spot: 24_198 })] });
    expect(() => applyMarket(before, { ...encodeMarket(before, after), ...wrong })).toThrow(FrameMismatch);
    expect(before).toEqual(copy);
  });
});
