import type { ChainSnapshot } from '../../domain/snapshot.js';
import { SECOND_MS, type Slot } from '../../domain/units.js';
import { COLUMNS, isCaptured, secondOf, type Column, type MinuteFrame } from './frame.js';
import { CALL, PUT, SPOT, type ChainOfUniverse, type Universe } from './universe.js';

export type LegOfChain = ChainOfUniverse['legs'][number];

/** One chain over a stretch of minutes, transposed: each leg's values over time. */
export interface ChainDay {
  chainId: number;
  /** Minutes in which something is known of the chain, refusals included, ascending. */
  slots: Slot[];
  /** One a slot: see frame.ts. */
  marks: number[];
  legs: LegOfChain[];
  /** One a leg, each with one value a slot; NaN = unknown, or not captured. */
  values: Record<Column, number[]>[];
}

/** Collects chains out of whole-market minutes, which come in the order of their slots. */
export class ChainDays {
  private readonly days = new Map<number, ChainDay>();
  private readonly places = new Map<number, Map<string, number>>();

  constructor(private readonly chainIds: ReadonlySet<number>) {}

  take(universe: Universe, frame: MinuteFrame): void {
    for (let chain = 0; chain < universe.chainIds.length; chain++) {
      const chainId = universe.chainIds[chain]!;
      if (frame.marks[chain] !== 0 && this.chainIds.has(chainId))
        this.takeChain(universe, frame, chain, chainId);
    }
  }

  /** By the number of the chain; those of which nothing is known are left out. */
  all(): ReadonlyMap<number, ChainDay> {
    return this.days;
  }

  private takeChain(universe: Universe, frame: MinuteFrame, chain: number, chainId: number): void {
    const day = this.dayOf(chainId);
    const mark = frame.marks[chain]!;
    day.slots.push(frame.slot);
    day.marks.push(mark);
    for (const values of day.values) for (const column of COLUMNS) values[column].push(NaN);
    if (!isCaptured(mark)) return;
    const last = day.slots.length - 1;
    for (let leg = universe.chainStart[chain]!; leg < universe.chainStart[chain + 1]!; leg++) {
      const values = day.values[this.placeOf(day, universe, leg)]!;
      for (const column of COLUMNS) values[column][last] = frame[column][leg]!;
    }
  }

  private dayOf(chainId: number): ChainDay {
    let day = this.days.get(chainId);
    if (!day) this.days.set(chainId, (day = { chainId, slots: [], marks: [], legs: [], values: [] }));
    return day;
  }

  /** A leg has one place all day, also when an import in between moved it in the universe. */
  private placeOf(day: ChainDay, universe: Universe, leg: number): number {
    const places = this.places.get(day.chainId) ?? new Map<string, number>();
    this.places.set(day.chainId, places);
    const name = `${universe.contractIds[leg]} ${universe.sides[leg]} ${universe.lots[leg]}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, day.legs.length);
    const unknown = (): number[] => new Array<number>(day.slots.length).fill(NaN);
    day.values.push({ oi: unknown(), ltp: unknown(), volume: unknown(), prevOi: unknown() });
    return (
      day.legs.push({
        contractId: universe.contractIds[leg]!,
        strike: universe.strikes[leg]!,
        side: universe.sides[leg]!,
        lot: universe.lots[leg]!,
      }) - 1
    );
  }
}

/** The captured minutes of a chain as snapshots. A leg of which nothing is known counts as not answered. */
export function snapshotsOf(day: ChainDay): ChainSnapshot[] {
  const strikes = Float64Array.from(
    new Set(day.legs.filter(({ side }) => side <= PUT).map(({ strike }) => strike)),
  ).sort();
  const rowOf = new Map(Array.from(strikes, (strike, row) => [strike, row]));
  return day.slots.flatMap((slot, i) => {
    const mark = day.marks[i]!;
    return isCaptured(mark)
      ? [snapshotAt(day, i, slot, slot + secondOf(mark) * SECOND_MS, strikes, rowOf)]
      : [];
  });
}

function snapshotAt(
  day: ChainDay,
  i: number,
  slot: Slot,
  capturedAt: number,
  strikes: Float64Array,
  rowOf: ReadonlyMap<number, number>,
): ChainSnapshot {
  const legs = 2 * strikes.length;
  const unknown = (): Float64Array => new Float64Array(legs).fill(NaN);
  const columns = { oi: unknown(), ltp: unknown(), volume: unknown(), prevOi: unknown() };
  const present = new Uint8Array(legs);
  let spot: number | null = null;
  day.legs.forEach(({ side, strike }, leg) => {
    const values = day.values[leg]!;
    if (side === SPOT && values.ltp[i]! > 0) spot = values.ltp[i]!;
    if (side > PUT) return;
    const place = 2 * rowOf.get(strike)! + (side === CALL ? 0 : 1);
    for (const column of COLUMNS) {
      if (Number.isNaN(values[column][i])) continue;
      columns[column][place] = values[column][i]!;
      present[place] = 1;
    }
  });
  return { slot, capturedAt, source: 'live', spot, strikes, present, ...columns };
}
