import fc from 'fast-check';
import { istAt, slotAdd, slotOf } from '../../../server/domain/slot.js';
import type { Slot } from '../../../server/domain/units.js';
import {
  CAPTURED,
  COLUMNS,
  emptyFrame,
  isCaptured,
  type MinuteFrame,
} from '../../../server/market/minutes/frame.js';
import { legsOf, universeOf, type UniverseColumns } from '../../../server/market/minutes/universe.js';

export const OPEN = slotOf(istAt('2026-08-18', '09:15'));

/** The slot `minutes` after 09:15 IST. */
export const at = (minutes: number): Slot => slotAdd(OPEN, minutes);

/** Chains of these sizes: options, then a future and a spot in each chain of more than three legs. */
export function aUniverse(sizes: readonly number[], lot = 65): UniverseColumns {
  let contractId = 1;
  return universeOf(
    sizes.map((size, chain) => ({
      chainId: chain + 1,
      legs: Array.from({ length: size }, (_, i) => {
        const side = size > 3 && i >= size - 2 ? i - size + 4 : i % 2;
        return { contractId: contractId++, strike: side < 2 ? 100 + 5 * (i >> 1) : 0, side, lot };
      }),
    })),
  );
}

/** What of a frame means something: the marks, and the values of the captured chains. */
export function meaningOf(universe: UniverseColumns, frame: MinuteFrame) {
  const chains = Array.from(frame.marks, (mark, chain) => {
    const [from, to] = [universe.chainStart[chain]!, universe.chainStart[chain + 1]!];
    const values = COLUMNS.map((column) => Array.from(frame[column].subarray(from, to)));
    return { mark, values: isCaptured(mark) ? values : null };
  });
  return { slot: frame.slot, chains };
}

const aCount = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 5_000 }).map((lots) => lots * 65) },
  { weight: 1, arbitrary: fc.nat({ max: 2 ** 45 }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const aPrice = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 10_000 }).map((ticks) => ticks / 20) },
  { weight: 1, arbitrary: fc.nat({ max: 10_000_000 }).map((paise) => paise / 100) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const aMark = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 59 }).map((second) => CAPTURED + second) },
  { weight: 1, arbitrary: fc.nat({ max: 127 }) },
);

/** A minute of a universe in which about half of the values stay what they were in `before`. */
function nextFrame(
  universe: UniverseColumns,
  before: MinuteFrame | null,
  slot: Slot,
): fc.Arbitrary<MinuteFrame> {
  const legs = legsOf(universe);
  const column = (value: fc.Arbitrary<number>) =>
    fc.array(fc.oneof(fc.constant(null), value), { minLength: legs, maxLength: legs });
  const chains = universe.chainIds.length;
  return fc
    .tuple(
      fc.array(aMark, { minLength: chains, maxLength: chains }),
      column(aCount),
      column(aPrice),
      column(aCount),
      column(aCount),
    )
    .map(([marks, ...drawn]) => {
      const frame = emptyFrame(universe, slot);
      frame.marks.set(marks);
      COLUMNS.forEach((name, i) =>
        drawn[i]!.forEach((value, leg) => (frame[name][leg] = value ?? before?.[name][leg] ?? NaN)),
      );
      return frame;
    });
}

/** A universe and a run of its minutes, with gaps between them. */
export const aRun = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 8 }),
  )
  .chain(([sizes, gaps]) => {
    const universe = aUniverse(sizes);
    let frames: fc.Arbitrary<MinuteFrame[]> = fc.constant([]);
    let minute = 0;
    for (const gap of gaps) {
      const slot = at((minute += gap));
      frames = frames.chain((so) =>
        nextFrame(universe, so.at(-1) ?? null, slot).map((next) => [...so, next]),
      );
    }
    return frames.map((all) => ({ universe, frames: all }));
  });
