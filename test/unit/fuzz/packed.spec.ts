import fc from 'fast-check';
import { applyChange, FrameMismatch } from '../../../client/lib/merge.js';
import { computeTable } from '../../../server/domain/table.js';
import type { ChangeFrame } from '../../../server/protocol/index.js';
import { CorruptSnapshot, decodeSnapshot, encodeSnapshot } from '../../../server/snapshot/codec.js';
import { encodeChange } from '../../../server/snapshot/frame-encoder.js';
import { aHistory, aSnapshot, aTableInput } from '../../factories/chain.factory.js';
import { fuzz } from '../../support/fuzz.js';

const aPlace = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a frame that was spoilt on its way', () => {
  const history = aHistory([aSnapshot({ minute: 1 })]);
  const before = computeTable(aTableInput(history, { seq: 1 }));
  const strikes = before.rows.map(({ strike, call, put }, i) => ({
    strike,
    call: call && { oi: 650 + 65 * i, prevOi: call.prevOi, ltp: 12.5, volume: 99_000 },
    put: put && { oi: null, prevOi: put.prevOi, ltp: null, volume: 98_000 },
  }));
  history.add(aSnapshot({ minute: 2, strikes }));
  const frame = encodeChange(before, computeTable(aTableInput(history, { seq: 2 })));
  const columns = Object.keys(frame).filter((name) => Array.isArray(frame[name as keyof ChangeFrame]));

  it('should be refused, or give a table of the same rows and leave the one before as it was', () => {
    const kept = structuredClone(before);
    const value = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, '1', -1, 0.5, [], {}));
    const how = fc.constantFrom('replace', 'insert', 'remove', 'empty');
    fuzz(
      'frames: spoilt',
      fc.property(fc.constantFrom(...columns), aPlace, how, value, (column, place, way, put) => {
        const spoilt = structuredClone(frame) as unknown as Record<string, unknown[]>;
        const list = spoilt[column]!;
        const at = Math.floor(place * (list.length + 1));
        if (way === 'empty') list.length = 0;
        else list.splice(at, way === 'insert' ? 0 : 1, ...(way === 'remove' ? [] : [put]));
        try {
          const after = applyChange(before, spoilt as unknown as ChangeFrame);
          expect(after.rows.map(({ strike }) => strike)).toEqual(kept.rows.map(({ strike }) => strike));
          expect(after.seq).toBe(2);
        } catch (error) {
          if (!(error instanceof FrameMismatch)) throw error;
        }
      }),
    );
    expect(before).toEqual(kept);
  });
});

describe('a stored snapshot whose bytes are others', () => {
  it('should be reported, and never answer', () => {
    const snapshot = aSnapshot();
    const { slot, capturedAt, source, spot } = snapshot;
    const good = encodeSnapshot(snapshot);
    const flip = fc.integer({ min: 1, max: 255 });
    fuzz(
      'stored: spoilt snapshots',
      fc.property(aPlace, flip, fc.nat(2), fc.uint8Array({ maxLength: 40 }), (place, bits, how, junk) => {
        const at = Math.floor(place * good.length);
        const spoilt = Buffer.from(good);
        spoilt[at]! ^= bits;
        const bytes = [spoilt, good.subarray(0, at), Buffer.from(junk)][how]!;
        expect(() => decodeSnapshot({ slot, capturedAt, source, spot }, bytes)).toThrow(CorruptSnapshot);
      }),
    );
  });
});
