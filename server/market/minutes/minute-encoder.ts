import type { Slot } from '../../domain/units.js';
import { MINUTE_MS } from '../../domain/units.js';
import { packNumbers, seal } from './block.js';
import { ByteSink } from './byte-sink.js';
import { COLUMNS, emptyColumns, isCaptured, type Column, type Columns, type MinuteFrame } from './frame.js';
import { legsOf, type UniverseColumns } from './universe.js';
import { measuresOf, writeChange, writeValue, type Measures } from './values.js';

/** Format of a stored minute; docs/storage.md describes it. */
export const MINUTE_VERSION = 1;
export const KEY = 0;
export const DELTA = 1;

/** A key at least this often, in stored minutes: what one corrupted block can cost. */
export const KEY_EVERY = 40;

/** Columns that share one list of changed legs; `prevOi` changes once a day and has its own. */
export const TOGETHER = ['oi', 'ltp', 'volume'] as const;

/** A minute packed for the database. */
export interface PackedMinute {
  kind: typeof KEY | typeof DELTA;
  payload: Buffer;
}

/**
 * Packs minutes of one universe one after the other. It remembers the last values of every leg: a chain that is not
 * captured in a minute costs nothing then, and only its differences when it comes back.
 */
export class MinuteEncoder {
  private readonly measures: Measures;
  private readonly state: Columns;
  private readonly tokens = new ByteSink(1 << 16);
  private readonly values: Record<Column, ByteSink>;
  private readonly content = new ByteSink(1 << 16);
  private readonly changed: { legs: Int32Array; masks: Uint8Array };
  private last: Slot | null = null;
  private sinceKey = 0;

  /** @param universeId the number of the universe as stored: part of what the checksum covers. */
  constructor(
    private readonly universe: UniverseColumns,
    private readonly universeId = 0,
  ) {
    this.measures = measuresOf(universe);
    this.state = emptyColumns(legsOf(universe));
    this.changed = { legs: new Int32Array(legsOf(universe)), masks: new Uint8Array(legsOf(universe)) };
    this.values = {
      oi: new ByteSink(1 << 16),
      ltp: new ByteSink(1 << 16),
      volume: new ByteSink(1 << 16),
      prevOi: new ByteSink(),
    };
  }

  /** The newest minute that `accept` has taken; differences are to it. `null` = the next one must be a key. */
  get lastSlot(): Slot | null {
    return this.last;
  }

  /** Whether the next minute should stand alone. */
  get isKeyDue(): boolean {
    return this.last === null || this.sinceKey >= KEY_EVERY - 1;
  }

  /** Packs a minute and changes nothing: `accept` it once it is on disk. */
  encode(frame: MinuteFrame, kind: PackedMinute['kind'] = this.isKeyDue ? KEY : DELTA): PackedMinute {
    const content = this.content.reset();
    content.byte(kind);
    content.varint(kind === KEY ? 0 : (frame.slot - this.last!) / MINUTE_MS);
    content.varint(frame.marks.length);
    content.varint(legsOf(this.universe));
    const head = this.tokens.reset();
    head.append(frame.marks);
    for (const column of COLUMNS) this.values[column].reset();
    if (kind === KEY) this.writeKey(frame);
    else this.writeDelta(frame);
    this.section(head);
    for (const column of COLUMNS) this.section(this.values[column]);
    return { kind, payload: seal(MINUTE_VERSION, content.view(), besideMinute(frame.slot, this.universeId)) };
  }

  /** The minute is stored: the next one is told by its differences to it. */
  accept(frame: MinuteFrame, kind: PackedMinute['kind']): void {
    for (const column of COLUMNS) this.merge(frame, column, this.state[column]);
    this.last = frame.slot;
    this.sinceKey = kind === KEY ? 0 : this.sinceKey + 1;
  }

  /** Takes over the values that a decoder has read, of all chains: to write a stored minute anew. */
  adopt(values: Columns): this {
    for (const column of COLUMNS) this.state[column].set(values[column]);
    return this;
  }

  /** Somebody else wrote, or a write failed: nothing is known of what the next minute follows. */
  forget(): void {
    this.last = null;
  }

  private section(sink: ByteSink): void {
    if (sink.size === 0) return this.content.varint(0);
    const packed = packNumbers(sink.view());
    this.content.varint(packed.length);
    this.content.append(packed);
  }

  /**
   * For each column runs of legs, unknown and known in turn, and then the known values. A chain that was not captured
   * keeps its last ones, so that the differences of later minutes have something to be to.
   */
  private writeKey(frame: MinuteFrame): void {
    for (const column of COLUMNS) {
      const values = this.merge(frame, column, this.state[column].slice());
      const measure = this.measures[column];
      const sink = this.values[column];
      writeRuns(sink, values);
      for (let leg = 0; leg < values.length; leg++) {
        const value = values[leg]!;
        if (value === value) writeValue(sink, measure, leg, value);
      }
    }
  }

  /** Puts what the captured chains have now over what they had. */
  private merge(frame: MinuteFrame, column: Column, values: Float64Array): Float64Array {
    for (const [from, to] of this.captured(frame)) values.set(frame[column].subarray(from, to), from);
    return values;
  }

  /** For each changed leg its distance from the one before and which columns changed; the changes by column. */
  private writeDelta(frame: MinuteFrame): void {
    const { legs, masks } = this.changed;
    const count = this.findChanges(frame);
    let last = -1;
    for (let i = 0; i < count; i++) {
      const leg = legs[i]!;
      this.tokens.varint((leg - last - 1) * 8 + masks[i]!);
      last = leg;
    }
    TOGETHER.forEach((column, bit) => this.writeChanges(frame[column], column, 1 << bit, count));
    this.writePrevOi(frame);
  }

  /** Which legs changed, and in which columns. @returns how many. */
  private findChanges(frame: MinuteFrame): number {
    const { legs, masks } = this.changed;
    const { oi, ltp, volume } = frame;
    const { oi: oiBefore, ltp: ltpBefore, volume: volumeBefore } = this.state;
    let count = 0;
    for (const [from, to] of this.captured(frame))
      for (let leg = from; leg < to; leg++) {
        const changed =
          (differs(oi[leg]!, oiBefore[leg]!) ? 1 : 0) |
          (differs(ltp[leg]!, ltpBefore[leg]!) ? 2 : 0) |
          (differs(volume[leg]!, volumeBefore[leg]!) ? 4 : 0);
        if (changed === 0) continue;
        legs[count] = leg;
        masks[count++] = changed;
      }
    return count;
  }

  private writeChanges(now: Float64Array, column: Column, bit: number, count: number): void {
    const { legs, masks } = this.changed;
    const [sink, measure, before] = [this.values[column], this.measures[column], this.state[column]];
    for (let i = 0; i < count; i++) {
      const leg = legs[i]!;
      if ((masks[i]! & bit) !== 0) writeChange(sink, measure, leg, before[leg]!, now[leg]!);
    }
  }

  private writePrevOi(frame: MinuteFrame): void {
    const now = frame.prevOi;
    const before = this.state.prevOi;
    const sink = this.values.prevOi;
    let last = -1;
    for (const [from, to] of this.captured(frame)) {
      // Nearly always: a previous OI changes once a day.
      if (bytesOf(now, from, to).equals(bytesOf(before, from, to))) continue;
      for (let leg = from; leg < to; leg++) {
        if (!differs(now[leg]!, before[leg]!)) continue;
        sink.varint(leg - last - 1);
        last = leg;
        writeChange(sink, this.measures.prevOi, leg, before[leg]!, now[leg]!);
      }
    }
  }

  /** The legs of the captured chains: from … up to, not including, to. Chains that stand side by side are one stretch. */
  private captured({ marks }: MinuteFrame): [from: number, to: number][] {
    const { chainStart } = this.universe;
    const stretches: [number, number][] = [];
    for (let chain = 0; chain < marks.length; chain++) {
      if (!isCaptured(marks[chain]!)) continue;
      const from = chainStart[chain]!;
      while (chain + 1 < marks.length && isCaptured(marks[chain + 1]!)) chain += 1;
      stretches.push([from, chainStart[chain + 1]!]);
    }
    return stretches;
  }
}

/** What stands beside a minute in its row, as the checksum takes it. */
export function besideMinute(slot: Slot, universeId: number): string {
  return `${slot} ${universeId}`;
}

/** The values of a stretch of legs as they lie in memory. */
function bytesOf(values: Float64Array, from: number, to: number): Buffer {
  const { buffer, byteOffset } = values.subarray(from, to);
  return Buffer.from(buffer, byteOffset, (to - from) * Float64Array.BYTES_PER_ELEMENT);
}

function differs(a: number, b: number): boolean {
  return a !== b && (a === a || b === b);
}

/** Lengths of the runs of unknown and known values in turn, beginning with unknown ones; the first may be empty. */
function writeRuns(sink: ByteSink, values: Float64Array): void {
  let known = false;
  let from = 0;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && (values[i] === values[i]) === known) continue;
    sink.varint(i - from);
    from = i;
    known = !known;
  }
}
