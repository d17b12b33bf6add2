import type { Slot } from '../../domain/units.js';
import { MINUTE_MS } from '../../domain/units.js';
import { pack, seal } from './block.js';
import { ByteSink } from './byte-sink.js';
import { COLUMNS, emptyColumns, isCaptured, type Column, type Columns, type MinuteFrame } from './frame.js';
import { legsOf, type UniverseColumns } from './universe.js';
import { measuresOf, writeChange, writeValue, type Measures } from './values.js';

/** Format of a stored minute; docs/storage.md describes it. */
export const MINUTE_VERSION = 1;
export const KEY = 0;
export const DELTA = 1;

/** A key at least this often, in stored minutes: what one corrupted block can cost. */
export const KEY_EVERY = 30;

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
  private last: Slot | null = null;
  private sinceKey = 0;

  /** @param universeId the number of the universe as stored: part of what the checksum covers. */
  constructor(
    private readonly universe: UniverseColumns,
    private readonly universeId = 0,
  ) {
    this.measures = measuresOf(universe);
    this.state = emptyColumns(legsOf(universe));
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
    for (const column of COLUMNS)
      this.eachCaptured(frame, (from, to) => this.state[column].set(frame[column].subarray(from, to), from));
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
    const packed = pack(sink.view());
    this.content.varint(packed.length);
    this.content.append(packed);
  }

  /**
   * For each column runs of legs, unknown and known in turn, and then the known values. A chain that was not captured
   * keeps its last ones, so that the differences of later minutes have something to be to.
   */
  private writeKey(frame: MinuteFrame): void {
    for (const column of COLUMNS) {
      const values = this.merged(frame, column);
      const measure = this.measures[column];
      writeRuns(this.values[column], values);
      for (let leg = 0; leg < values.length; leg++)
        if (values[leg] === values[leg]) writeValue(this.values[column], measure, leg, values[leg]!);
    }
  }

  private merged(frame: MinuteFrame, column: Column): Float64Array {
    const values = this.state[column].slice();
    this.eachCaptured(frame, (from, to) => values.set(frame[column].subarray(from, to), from));
    return values;
  }

  /** For each changed leg its distance from the one before and which columns changed; the changes by column. */
  private writeDelta(frame: MinuteFrame): void {
    const { state, measures, values, tokens } = this;
    let last = -1;
    this.eachCaptured(frame, (from, to) => {
      for (let leg = from; leg < to; leg++) {
        const changed =
          (differs(frame.oi[leg]!, state.oi[leg]!) ? 1 : 0) |
          (differs(frame.ltp[leg]!, state.ltp[leg]!) ? 2 : 0) |
          (differs(frame.volume[leg]!, state.volume[leg]!) ? 4 : 0);
        if (changed === 0) continue;
        tokens.varint((leg - last - 1) * 8 + changed);
        last = leg;
        for (let bit = 0; bit < TOGETHER.length; bit++) {
          if ((changed & (1 << bit)) === 0) continue;
          const column = TOGETHER[bit]!;
          writeChange(values[column], measures[column], leg, state[column][leg]!, frame[column][leg]!);
        }
      }
    });
    this.writePrevOi(frame);
  }

  private writePrevOi(frame: MinuteFrame): void {
    const before = this.state.prevOi;
    let last = -1;
    this.eachCaptured(frame, (from, to) => {
      for (let leg = from; leg < to; leg++) {
        if (!differs(frame.prevOi[leg]!, before[leg]!)) continue;
        this.values.prevOi.varint(leg - last - 1);
        last = leg;
        writeChange(this.values.prevOi, this.measures.prevOi, leg, before[leg]!, frame.prevOi[leg]!);
      }
    });
  }

  private eachCaptured(frame: MinuteFrame, visit: (from: number, to: number) => void): void {
    const { chainStart } = this.universe;
    for (let chain = 0; chain < frame.marks.length; chain++)
      if (isCaptured(frame.marks[chain]!)) visit(chainStart[chain]!, chainStart[chain + 1]!);
  }
}

/** What stands beside a minute in its row, as the checksum takes it. */
export function besideMinute(slot: Slot, universeId: number): string {
  return `${slot} ${universeId}`;
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
