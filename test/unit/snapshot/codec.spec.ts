import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import type { Slot } from '../../../server/domain/units.js';
import { CorruptSnapshot, decodeSnapshot, encodeSnapshot } from '../../../server/snapshot/codec.js';
import { aSnapshot } from '../../factories/chain.factory.js';

/** Known values of every kind a broker or a file may bring, and unknowns. */
const units = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 52 }), fc.constant(NaN), fc.constant(0));
const rupees = fc.oneof(
  fc.integer({ min: 0, max: 10_000_000 }).map((paise) => paise / 100),
  fc.double({ noDefaultInfinity: true }),
  fc.constant(NaN),
);

const snapshots: fc.Arbitrary<ChainSnapshot> = fc.integer({ min: 0, max: 60 }).chain((n) => {
  const column = (values: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> =>
    fc.array(values, { minLength: 2 * n, maxLength: 2 * n }).map((list) => Float64Array.from(list));
  return fc.record({
    slot: fc.nat().map((minute) => (minute * 60_000) as Slot),
    capturedAt: fc.nat(),
    source: fc.constantFrom('live' as const, 'backfill' as const, 'import' as const),
    spot: fc.option(fc.double({ min: 0.05, max: 1e6, noNaN: true })),
    strikes: fc
      .uniqueArray(fc.integer({ min: 1, max: 10_000_000 }), { minLength: n, maxLength: n })
      .map((paise) => Float64Array.from(paise.sort((a, b) => a - b).map((p) => p / 100))),
    present: fc
      .array(fc.constantFrom(0, 1), { minLength: 2 * n, maxLength: 2 * n })
      .map((bits) => Uint8Array.from(bits)),
    oi: column(units),
    prevOi: column(units),
    ltp: column(rupees),
    volume: column(units),
  });
});

const headerOf = ({ slot, capturedAt, source, spot }: ChainSnapshot) => ({ slot, capturedAt, source, spot });

describe('stored snapshots', () => {
  it('should come back bit for bit, unknowns included', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        expect(decodeSnapshot(headerOf(snapshot), encodeSnapshot(snapshot))).toStrictEqual({ ...snapshot });
      }),
      { numRuns: 300 },
    );
  });

  it('should report every flipped bit instead of answering other numbers', () => {
    const snapshot = aSnapshot();
    const good = encodeSnapshot(snapshot);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeSnapshot(headerOf(snapshot), bad)).toThrow(CorruptSnapshot);
    }
  });

  it('should report blocks that are cut, empty, random or of a newer format', () => {
    const snapshot = aSnapshot();
    const good = encodeSnapshot(snapshot);
    const newer = Buffer.from(good);
    newer[0] = 3;
    for (const bad of [
      Buffer.alloc(0),
      good.subarray(0, 4),
      good.subarray(0, good.length - 1),
      randomBytes(300),
      newer,
    ])
      expect(() => decodeSnapshot(headerOf(snapshot), bad)).toThrow(CorruptSnapshot);
  });

  it('should stay small: below 12 bytes a leg for four columns of a real-looking chain', () => {
    const strikes = Array.from({ length: 125 }, (_, i) => {
      const leg = (k: number) => ({
        oi: 65 * (1000 + i * 37 * k),
        prevOi: 65 * (900 + i * 31 * k),
        ltp: 0.05 * (i + k),
        volume: 65 * i * 900,
      });
      return { strike: 21_000 + 50 * i, call: leg(1), put: leg(3) };
    });
    expect(encodeSnapshot(aSnapshot({ strikes })).length / 250).toBeLessThan(12);
  });
});
