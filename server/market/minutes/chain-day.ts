import type { ChainSnapshot } from '../../domain/snapshot.js';
import { SECOND_MS, type EpochMs, type Slot } from '../../domain/units.js';
import { COLUMNS, emptyColumns, isCaptured, secondOf, type Column, type MinuteFrame } from './frame.js';
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

/**
 * The captured minutes of a chain as snapshots. A leg of which nothing is known counts as not answered, and a strike
 * of which no leg was as not in the answer.
 */
export function snapshotsOf(day: ChainDay): ChainSnapshot[] {
  const order = day.legs.map((_, leg) => leg).filter((leg) => day.legs[leg]!.side <= PUT);
  order.sort((a, b) => day.legs[a]!.strike - day.legs[b]!.strike);
  return day.slots.flatMap((slot, i) => {
    const mark = day.marks[i]!;
    return isCaptured(mark) ? [snapshotAt(day, order, i, slot + secondOf(mark) * SECOND_MS)] : [];
  });
}

/** @param order options of the day by strike. */
function snapshotAt(day: ChainDay, order: readonly number[], i: number, capturedAt: EpochMs): ChainSnapshot {
  const answered = order.filter((leg) =>
    COLUMNS.some((column) => !Number.isNaN(day.values[leg]![column][i])),
  );
  const strikes = Float64Array.from(new Set(answered.map((leg) => day.legs[leg]!.strike)));
  const columns = emptyColumns(2 * strikes.length);
  const present = new Uint8Array(2 * strikes.length);
  let row = 0;
  for (const leg of answered) {
    const { strike, side } = day.legs[leg]!;
    while (strikes[row] !== strike) row += 1;
    const place = 2 * row + (side === CALL ? 0 : 1);
    present[place] = 1;
    for (const column of COLUMNS) columns[column][place] = day.values[leg]![column][i]!;
  }
  return {
    slot: day.slots[i]!,
    capturedAt,
    source: 'live',
    spot: spotAt(day, i),
    strikes,
    present,
    ...columns,
  };
}

function spotAt(day: ChainDay, i: number): number | null {
  const place = day.legs.findIndex(({ side }) => side === SPOT);
  const ltp = day.values[place]?.ltp[i] ?? NaN;
  return ltp > 0 ? ltp : null;
}
