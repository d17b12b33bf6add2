import fc from 'fast-check';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import type { Slot } from '../../../server/domain/units.js';
import type { CountedSnapshot } from '../../../server/snapshot/day-codec.js';

/** Known values of every kind a broker or a file may bring, and unknowns. */
const units = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 52 }), fc.constant(NaN), fc.constant(0));
const rupees = fc.oneof(
  fc.integer({ min: 0, max: 10_000_000 }).map((paise) => paise / 100),
  fc.double({ noDefaultInfinity: true }),
  fc.constant(NaN),
);

/** A snapshot of up to 60 strikes with anything in its columns. */
export const snapshots: fc.Arbitrary<ChainSnapshot> = fc.integer({ min: 0, max: 60 }).chain((n) => {
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

/** Up to eight snapshots of a chain, by slot: the next one has the strikes and most of the values of the one before. */
export const aDayOfSnapshots: fc.Arbitrary<CountedSnapshot[]> = fc
  .tuple(
    fc.array(fc.tuple(snapshots, fc.boolean(), fc.integer({ min: 1, max: 400 }), fc.nat(9), fc.nat(9)), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.integer({ min: 1, max: 29_000_000 }),
  )
  .map(([drawn, first]) => {
    let minute = first;
    let before: ChainSnapshot | null = null;
    return drawn.map(([next, isAnew, gap, unknownLegs, phantomLegs]) => {
      minute += gap;
      const slot = (minute * 60_000) as Slot;
      const snapshot: ChainSnapshot = { ...(isAnew || !before ? next : changed(before, next)), slot };
      before = snapshot;
      return { snapshot, unknownLegs, phantomLegs };
    });
  });

/** `before` with some of its values taken from `next`. */
function changed(before: ChainSnapshot, next: ChainSnapshot): ChainSnapshot {
  const some = (column: 'oi' | 'prevOi' | 'ltp' | 'volume'): Float64Array =>
    before[column].map((value, i) => (i % 3 === 0 ? (next[column][i] ?? value) : value));
  const { capturedAt, source, spot } = next;
  return {
    ...{ ...before, capturedAt, source, spot },
    ...{ oi: some('oi'), prevOi: some('prevOi'), ltp: some('ltp'), volume: some('volume') },
  };
}
