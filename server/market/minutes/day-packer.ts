import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock/clock.js';
import { istDate, istMidnight } from '../../domain/slot.js';
import { DAY_MS, type EpochMs, type IsoDate, type Slot } from '../../domain/units.js';
import { ChainDays, type ChainDay } from './chain-day.js';
import { ChunkStore } from './chunk-store.js';
import { COLUMNS } from './frame.js';
import { MinuteStore } from './minute-store.js';
import type { Universe } from './universe.js';

/** Legs transposed at once: about 50 MB for a day. */
const LEGS_AT_ONCE = 4_000;

/** What packing a day did. */
export interface PackedDay {
  date: IsoDate;
  minutes: number;
  chunks: number;
  /** Minutes that could not be read: they stay where they are. */
  unreadable: number;
}

/**
 * Turns the whole-market minutes of past days into a day of each chain, so that one chain or one contract is read
 * without the rest of the market. Minutes go only after every chunk was read back and compared with them.
 */
@Injectable()
export class DayPacker {
  private readonly log = new Logger(DayPacker.name);

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(MinuteStore) private readonly minutes: MinuteStore,
    @Inject(ChunkStore) private readonly chunks: ChunkStore,
  ) {}

  /** Packs every day before today that has minutes left, oldest first. */
  async run(): Promise<PackedDay[]> {
    const packed: PackedDay[] = [];
    for (const date of await this.datesBefore(istMidnight(istDate(this.clock.now()))))
      packed.push(await this.pack(date));
    return packed;
  }

  /**
   * Packs one day. Minutes that came after it was packed are merged into what is there.
   * @throws Error when a chunk that was read back differs from its minutes; nothing is deleted then.
   */
  async pack(date: IsoDate): Promise<PackedDay> {
    const from = istMidnight(date);
    const to = from + DAY_MS - 1;
    const stored = await this.minutes.slots(from, to);
    const survey = await this.survey(from, to);
    let chunks = 0;
    for (const group of groupsOf(survey.legs)) chunks += await this.packGroup(date, group);
    const unreadable = stored.length - survey.slots.length;
    if (survey.slots.length > 0) await this.chunks.finish(date, survey.slots, chunks, this.clock.now());
    const done = { date, minutes: survey.slots.length, chunks, unreadable };
    this.log.log(
      `day ${date} packed: ${done.minutes} minutes into ${chunks} chains` +
        (unreadable > 0 ? `, ${unreadable} minutes cannot be read and stay` : ''),
    );
    return done;
  }

  /** Which minutes can be read, and the legs of each chain in them. */
  private async survey(from: EpochMs, to: EpochMs): Promise<{ slots: Slot[]; legs: Map<number, number> }> {
    const slots: Slot[] = [];
    const legs = new Map<number, number>();
    const seen = new Set<number>();
    for await (const { universe, frame } of this.minutes.frames(from, to, [])) {
      slots.push(frame.slot);
      if (!seen.has(universe.id)) countLegs(universe, legs);
      seen.add(universe.id);
    }
    return { slots, legs };
  }

  private async packGroup(date: IsoDate, group: ReadonlySet<number>): Promise<number> {
    const from = istMidnight(date);
    const days = new ChainDays(group);
    for await (const { universe, frame } of this.minutes.frames(from, from + DAY_MS - 1))
      days.take(universe, frame);
    const merged: ChainDay[] = [];
    for (const day of days.all().values()) merged.push(await this.withPacked(date, day));
    await this.chunks.put(date, merged);
    for (const day of merged) {
      const readBack = await this.chunks.get(day.chainId, date);
      if (!readBack || !sameDay(readBack, day))
        throw new Error(`The packed day ${date} of chain ${day.chainId} is not what was captured.`);
    }
    return merged.length;
  }

  private async withPacked(date: IsoDate, day: ChainDay): Promise<ChainDay> {
    if (!(await this.chunks.has(day.chainId, date))) return day;
    const packed = await this.chunks.get(day.chainId, date);
    if (!packed)
      throw new Error(
        `Minutes of chain ${day.chainId} came late for ${date}, and its packed day is corrupted.`,
      );
    return mergeDays(packed, day);
  }

  private async datesBefore(today: EpochMs): Promise<IsoDate[]> {
    const dates: IsoDate[] = [];
    let from = 0;
    for (;;) {
      const rows: { slot: number | string | null }[] = await this.db.query(
        'SELECT min(slot) AS slot FROM minute WHERE slot >= $1 AND slot < $2',
        [from, today],
      );
      const slot = rows[0]?.slot ?? null;
      if (slot === null) return dates;
      dates.push(istDate(Number(slot)));
      from = istMidnight(dates.at(-1)!) + DAY_MS;
    }
  }
}

function countLegs({ chainIds, chainStart }: Universe, legs: Map<number, number>): void {
  chainIds.forEach((id, chain) => {
    const count = chainStart[chain + 1]! - chainStart[chain]!;
    legs.set(id, Math.max(count, legs.get(id) ?? 0));
  });
}

function groupsOf(legs: ReadonlyMap<number, number>): Set<number>[] {
  const groups: Set<number>[] = [];
  let room = 0;
  for (const [chain, count] of legs) {
    if (groups.length === 0 || count > room) {
      groups.push(new Set());
      room = LEGS_AT_ONCE;
    }
    groups.at(-1)!.add(chain);
    room -= count;
  }
  return groups;
}

/** Both days in one, by time; a slot that both have stays as the first has it. */
export function mergeDays(first: ChainDay, second: ChainDay): ChainDay {
  const known = new Set<number>(first.slots);
  const places = [
    ...first.slots.map((slot, i) => ({ slot, of: first, i })),
    ...second.slots.flatMap((slot, i) => (known.has(slot) ? [] : [{ slot, of: second, i }])),
  ].sort((a, b) => a.slot - b.slot);
  const legs = [...first.legs];
  const legOf = second.legs.map((leg) => {
    const at = legs.findIndex(
      (one) => one.contractId === leg.contractId && one.side === leg.side && one.lot === leg.lot,
    );
    return at >= 0 ? at : legs.push(leg) - 1;
  });
  const valuesOf = (day: ChainDay, leg: number) =>
    day === first ? first.values[leg] : second.values[legOf.indexOf(leg)];
  const values = legs.map((_, leg) => {
    const column = (name: (typeof COLUMNS)[number]): number[] =>
      places.map(({ of, i }) => valuesOf(of, leg)?.[name][i] ?? NaN);
    return { oi: column('oi'), ltp: column('ltp'), volume: column('volume'), prevOi: column('prevOi') };
  });
  const slots = places.map(({ slot }) => slot);
  return { chainId: first.chainId, slots, marks: places.map(({ of, i }) => of.marks[i]!), legs, values };
}

/** Whether two days are the same, bit for bit. */
export function sameDay(a: ChainDay, b: ChainDay): boolean {
  const same = (x: readonly number[], y: readonly number[]): boolean =>
    x.length === y.length && x.every((value, i) => Object.is(value, y[i]));
  return (
    same(a.slots, b.slots) &&
    same(a.marks, b.marks) &&
    a.legs.length === b.legs.length &&
    a.legs.every((leg, i) => {
      const other = b.legs[i]!;
      return (
        leg.contractId === other.contractId &&
        leg.strike === other.strike &&
        leg.side === other.side &&
        leg.lot === other.lot &&
        COLUMNS.every((column) => same(a.values[i]![column], b.values[i]![column]))
      );
    })
  );
}
