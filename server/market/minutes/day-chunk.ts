import { MINUTE_MS, type IsoDate, type Slot } from '../../domain/units.js';
import { CorruptBlock, pack, seal, unpack, unseal } from './block.js';
import { ByteSink } from './byte-sink.js';
import { ByteSource } from './byte-source.js';
import type { ChainDay, LegOfChain } from './chain-day.js';
import { COLUMNS, isCaptured, type Column } from './frame.js';
import { universeOf } from './universe.js';
import { measuresOf, readChange, writeChange, type Measures } from './values.js';

/** Format of a stored day of a chain; docs/storage.md describes it. */
export const CHUNK_VERSION = 1;

/** Packs a day of a chain leg by leg, so that one contract's day is read without the others'. */
export function encodeChunk(day: ChainDay, date: IsoDate): Buffer {
  const sink = new ByteSink(1 << 14);
  sink.varint(day.slots.length);
  day.slots.forEach((slot, i) => sink.varint((slot - (day.slots[i - 1] ?? 0)) / MINUTE_MS));
  for (const mark of day.marks) sink.byte(mark);
  sink.varint(day.legs.length);
  for (const leg of day.legs) {
    sink.varint(leg.contractId);
    sink.double(leg.strike);
    sink.byte(leg.side);
    sink.varint(leg.lot);
  }
  const measures = measuresOfLegs(day.chainId, day.legs);
  const one = new ByteSink();
  day.legs.forEach((_, leg) => {
    writeLeg(one.reset(), day, leg, measures);
    sink.varint(one.size);
    sink.append(one.view());
  });
  return seal(CHUNK_VERSION, pack(sink.view()), `${day.chainId} ${date}`);
}

/**
 * @param only the contract to unpack; the others' values stay out. All when left out.
 * @throws CorruptBlock when the bytes were changed, cut, or come from a newer version.
 */
export function decodeChunk(chainId: number, date: IsoDate, payload: Buffer, only?: number): ChainDay {
  const what = `The day ${date} of chain ${chainId}`;
  const content = unseal(what, CHUNK_VERSION, payload, `${chainId} ${date}`);
  try {
    return readChunk(chainId, new ByteSource(unpack(content)), only);
  } catch (error) {
    throw new CorruptBlock(`${what} cannot be unpacked.`, { cause: error });
  }
}

function readChunk(chainId: number, source: ByteSource, only: number | undefined): ChainDay {
  const count = source.varint();
  let slot = 0;
  const slots = Array.from({ length: count }, () => (slot += source.varint() * MINUTE_MS) as Slot);
  const marks = [...source.take(count)];
  const legs = Array.from({ length: source.varint() }, (): LegOfChain => {
    const contractId = source.varint();
    const strike = source.double();
    return { contractId, strike, side: source.byte(), lot: source.varint() };
  });
  const measures = measuresOfLegs(chainId, legs);
  const day: ChainDay = { chainId, slots, marks, legs: [], values: [] };
  legs.forEach((leg, i) => {
    const bytes = source.take(source.varint());
    if (only !== undefined && leg.contractId !== only) return;
    day.legs.push(leg);
    day.values.push(readLeg(new ByteSource(bytes), marks, i, measures));
  });
  return day;
}

/** For each captured minute that changed a value: captured minutes since the last such one, and what changed. */
function writeLeg(sink: ByteSink, day: ChainDay, leg: number, measures: Measures): void {
  const values = day.values[leg]!;
  const before: Record<Column, number> = { oi: NaN, ltp: NaN, volume: NaN, prevOi: NaN };
  let unchanged = 0;
  day.marks.forEach((mark, i) => {
    if (!isCaptured(mark)) return;
    const changed = COLUMNS.reduce(
      (bits, column, bit) => bits | (Object.is(values[column][i], before[column]) ? 0 : 1 << bit),
      0,
    );
    if (changed === 0) {
      unchanged += 1;
      return;
    }
    sink.varint(unchanged * 16 + changed);
    unchanged = 0;
    COLUMNS.forEach((column, bit) => {
      if ((changed & (1 << bit)) === 0) return;
      const now = values[column][i]!;
      writeChange(sink, measures[column], leg, before[column], now);
      before[column] = now;
    });
  });
}

function readLeg(source: ByteSource, marks: readonly number[], leg: number, measures: Measures) {
  const unknown = (): number[] => new Array<number>(marks.length).fill(NaN);
  const values: Record<Column, number[]> = {
    oi: unknown(),
    ltp: unknown(),
    volume: unknown(),
    prevOi: unknown(),
  };
  const now: Record<Column, number> = { oi: NaN, ltp: NaN, volume: NaN, prevOi: NaN };
  let token = source.left > 0 ? source.varint() : Infinity;
  let unchanged = 0;
  marks.forEach((mark, i) => {
    if (!isCaptured(mark)) return;
    if (unchanged < Math.floor(token / 16)) unchanged += 1;
    else if (token !== Infinity) {
      COLUMNS.forEach((column, bit) => {
        if ((token & (1 << bit)) !== 0) now[column] = readChange(source, measures[column], leg, now[column]);
      });
      token = source.left > 0 ? source.varint() : Infinity;
      unchanged = 0;
    }
    for (const column of COLUMNS) values[column][i] = now[column];
  });
  return values;
}

function measuresOfLegs(chainId: number, legs: readonly LegOfChain[]): Measures {
  return measuresOf(universeOf([{ chainId, legs }]));
}
