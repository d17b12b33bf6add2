import { MINUTE_MS, type Slot } from '../../domain/units.js';
import { CorruptBlock, unpack, unseal } from './block.js';
import { ByteSource } from './byte-source.js';
import { COLUMNS, emptyColumns, type Column, type Columns, type MinuteFrame } from './frame.js';
import { besideMinute, DELTA, KEY, MINUTE_VERSION, TOGETHER } from './minute-encoder.js';
import { legsOf, type UniverseColumns } from './universe.js';
import { measuresOf, readChange, readValue, type Measures } from './values.js';

/** A minute whose predecessor is missing or corrupted: it cannot be read, nor can those up to the next key. */
export class MissingPredecessor extends Error {
  override readonly name = 'MissingPredecessor';
}

/**
 * Unpacks minutes of one universe in the order of their slots. `read` gives a frame whose columns are those of the
 * decoder: they are overwritten by the next one.
 */
export class MinuteDecoder {
  private readonly measures: Measures;
  private readonly state: Columns;
  private readonly changed: { legs: Int32Array; masks: Uint8Array };
  private last: Slot | null = null;

  /** @param wanted columns to unpack; the others stay unknown. */
  constructor(
    private readonly universe: UniverseColumns,
    private readonly wanted: readonly Column[] = COLUMNS,
    private readonly universeId = 0,
  ) {
    this.measures = measuresOf(universe);
    this.state = emptyColumns(legsOf(universe));
    this.changed = { legs: new Int32Array(legsOf(universe)), masks: new Uint8Array(legsOf(universe)) };
  }

  /**
   * @throws CorruptBlock when the block was changed or is of another universe; MissingPredecessor when the minute that
   * its differences are to is not the one read before. After either, only a key can be read.
   */
  read(slot: Slot, payload: Buffer): MinuteFrame {
    const what = `The minute ${new Date(slot).toISOString()}`;
    try {
      return this.unpackMinute(
        slot,
        new ByteSource(unseal(what, MINUTE_VERSION, payload, besideMinute(slot, this.universeId))),
        what,
      );
    } catch (error) {
      this.last = null;
      if (error instanceof CorruptBlock || error instanceof MissingPredecessor) throw error;
      throw new CorruptBlock(`${what} cannot be unpacked.`, { cause: error });
    }
  }

  private unpackMinute(slot: Slot, content: ByteSource, what: string): MinuteFrame {
    const kind = content.byte();
    const back = content.varint();
    const [chains, legs] = [content.varint(), content.varint()];
    if (kind !== KEY && kind !== DELTA) throw new CorruptBlock(`${what} is of unknown kind ${kind}.`);
    if (chains !== this.universe.chainIds.length || legs !== legsOf(this.universe))
      throw new CorruptBlock(`${what} has ${legs} legs; its universe has ${legsOf(this.universe)}.`);
    if (kind === DELTA && this.last !== slot - back * MINUTE_MS)
      throw new MissingPredecessor(`${what} needs the one ${back} min before it, which cannot be read.`);
    const head = new ByteSource(section(content) ?? Buffer.alloc(0));
    const marks = Uint8Array.from(head.take(chains));
    if (kind === KEY) this.readKey(content, legs);
    else this.readDelta(head, content);
    this.last = slot;
    return { slot, marks, ...this.state };
  }

  private readKey(content: ByteSource, legs: number): void {
    for (const column of COLUMNS) {
      const values = this.state[column].fill(NaN);
      const bytes = section(content, this.wanted.includes(column));
      if (bytes === null) continue;
      const source = new ByteSource(bytes);
      const measure = this.measures[column];
      const known = readRuns(source, legs);
      for (let leg = 0; leg < legs; leg++)
        if (known[leg] === 1) values[leg] = readValue(source, measure, leg);
    }
  }

  private readDelta(head: ByteSource, content: ByteSource): void {
    const count = this.readTokens(head);
    TOGETHER.forEach((column, bit) => {
      const bytes = section(content, this.wanted.includes(column));
      if (bytes !== null) this.applyChanges(column, 1 << bit, count, new ByteSource(bytes));
    });
    this.readPrevOi(section(content, this.wanted.includes('prevOi')));
  }

  /** Which legs changed, and in which columns. @returns how many. */
  private readTokens(head: ByteSource): number {
    const { legs, masks } = this.changed;
    let count = 0;
    let leg = -1;
    while (head.left > 0) {
      const token = head.varint();
      leg += (token >>> 3) + 1;
      if (leg >= legs.length)
        throw new RangeError('The block changes a leg that its universe does not have.');
      legs[count] = leg;
      masks[count++] = token & 7;
    }
    return count;
  }

  private applyChanges(column: Column, bit: number, count: number, source: ByteSource): void {
    const { legs, masks } = this.changed;
    const values = this.state[column];
    const measure = this.measures[column];
    for (let i = 0; i < count; i++) {
      if ((masks[i]! & bit) === 0) continue;
      const leg = legs[i]!;
      values[leg] = readChange(source, measure, leg, values[leg]!);
    }
  }

  private readPrevOi(bytes: Buffer | null): void {
    if (bytes === null) return;
    const source = new ByteSource(bytes);
    const values = this.state.prevOi;
    for (let leg = -1; source.left > 0;) {
      leg += source.varint() + 1;
      values[leg] = readChange(source, this.measures.prevOi, leg, values[leg]!);
    }
  }
}

/** The next section, unpacked; `null` when it is empty or not wanted. */
function section(content: ByteSource, wanted = true): Buffer | null {
  const size = content.varint();
  const bytes = content.take(size);
  return size === 0 || !wanted ? null : unpack(bytes);
}

/** Reads what `writeRuns` wrote. */
function readRuns(source: ByteSource, count: number): Uint8Array {
  const flags = new Uint8Array(count);
  let value = 0;
  for (let at = 0; at < count; value = 1 - value) {
    const run = source.varint();
    if (run > count - at) throw new RangeError('A run of the block is too long.');
    if (value === 1) flags.fill(1, at, at + run);
    at += run;
  }
  return flags;
}
