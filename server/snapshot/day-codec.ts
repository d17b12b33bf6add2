import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CaptureSource, ChainSnapshot } from '../domain/snapshot.js';
import { MINUTE_MS, type IsoDate, type Slot } from '../domain/units.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { CorruptSnapshot } from './codec.js';

/** Format of a packed day of snapshots; docs/storage.md describes it. */
const VERSION = 1;
const HEADER_BYTES = 5;
const PAISE = 100;
/** Guards against a corrupted block that inflates for ever: a day of some thousand legs. */
const MAX_RAW_BYTES = 1 << 27;
/** Wholes below this keep every sum and difference of two exact in a double. */
const MAX_WHOLE = 2 ** 51;
const SOURCES: readonly CaptureSource[] = ['live', 'backfill', 'import'];

/** Columns of legs and what their values are multiples of: 1/scale. */
const COLUMNS = [
  ['oi', 1],
  ['prevOi', 1],
  ['ltp', PAISE],
  ['volume', 1],
] as const;

/** A snapshot with what was counted while it was judged. */
export interface CountedSnapshot {
  snapshot: ChainSnapshot;
  unknownLegs: number;
  phantomLegs: number;
}

/**
 * Packs the snapshots of a chain and day, which stand in the order of their slots: each leg's values over time, so that
 * a minute without a change costs almost nothing. Comes back bit for bit.
 */
export function encodeDay(chainId: number, date: IsoDate, day: readonly CountedSnapshot[]): Buffer {
  const writer = new ByteWriter();
  const snapshots = day.map(({ snapshot }) => snapshot);
  writer.varint(day.length);
  snapshots.forEach(({ slot }, i) => writer.varint((slot - (snapshots[i - 1]?.slot ?? 0)) / MINUTE_MS));
  writer.numbers(
    Float64Array.from(snapshots, ({ capturedAt, slot }) => capturedAt - slot),
    1,
  );
  for (const { source } of snapshots) writer.varint(SOURCES.indexOf(source));
  writer.numbers(
    Float64Array.from(snapshots, ({ spot }) => spot ?? NaN),
    PAISE,
  );
  for (const { unknownLegs } of day) writer.varint(unknownLegs);
  for (const { phantomLegs } of day) writer.varint(phantomLegs);
  writeLegs(writer, snapshots);
  const packed = deflateRawSync(writer.toBuffer(), { level: 9 });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt32LE(crc32(packed, crc32(besideOf(chainId, date))), 1);
  return Buffer.concat([header, packed]);
}

/**
 * Unpacks what `encodeDay` wrote.
 * @throws CorruptSnapshot when the bytes were changed, cut, or come from a newer version.
 */
export function decodeDay(chainId: number, date: IsoDate, payload: Buffer): CountedSnapshot[] {
  const reader = open(chainId, date, payload);
  try {
    const slots = readSlots(reader);
    const count = slots.length;
    const delays = reader.numbers(count, 1);
    const sources = slots.map(() => sourceOf(reader.varint()));
    const spots = reader.numbers(count, PAISE);
    const unknown = slots.map(() => reader.varint());
    const phantoms = slots.map(() => reader.varint());
    const legs = readLegs(reader, count);
    return slots.map((slot, i) => ({
      snapshot: {
        slot,
        capturedAt: slot + delays[i]!,
        source: sources[i]!,
        spot: Number.isNaN(spots[i]!) ? null : spots[i]!,
        ...legs[i]!,
      },
      unknownLegs: unknown[i]!,
      phantomLegs: phantoms[i]!,
    }));
  } catch (error) {
    throw new CorruptSnapshot('The packed day cannot be unpacked.', { cause: error });
  }
}

/** The slots of a packed day alone. @throws CorruptSnapshot */
export function slotsOfDay(chainId: number, date: IsoDate, payload: Buffer): Slot[] {
  return readSlots(open(chainId, date, payload));
}

function open(chainId: number, date: IsoDate, payload: Buffer): ByteReader {
  if (payload.length < HEADER_BYTES) throw new CorruptSnapshot('The packed day is cut short.');
  const version = payload.readUInt8(0);
  if (version !== VERSION)
    throw new CorruptSnapshot(`The packed day has format ${version}; this version reads ${VERSION}.`);
  const packed = payload.subarray(HEADER_BYTES);
  if (crc32(packed, crc32(besideOf(chainId, date))) !== payload.readUInt32LE(1))
    throw new CorruptSnapshot('The packed day does not match its checksum.');
  try {
    return new ByteReader(inflateRawSync(packed, { maxOutputLength: MAX_RAW_BYTES }));
  } catch (error) {
    throw new CorruptSnapshot('The packed day cannot be unpacked.', { cause: error });
  }
}

/** What stands beside the block in its row: one that turns up under another chain or date is noticed. */
function besideOf(chainId: number, date: IsoDate): string {
  return `${chainId} ${date}`;
}

function readSlots(reader: ByteReader): Slot[] {
  let slot = 0;
  return Array.from({ length: reader.varint() }, () => (slot += reader.varint() * MINUTE_MS) as Slot);
}

function sourceOf(code: number): CaptureSource {
  const source = SOURCES[code];
  if (source === undefined) throw new RangeError(`The block holds a snapshot of unknown source ${code}.`);
  return source;
}

/** All strikes of the day, in which snapshots each is listed, and each leg over time. */
function writeLegs(writer: ByteWriter, snapshots: readonly ChainSnapshot[]): void {
  const strikes = Float64Array.from(new Set(snapshots.flatMap((one) => [...one.strikes]))).sort();
  const rows = snapshots.map((one) => new Map(Array.from(one.strikes, (strike, row) => [strike, row])));
  writer.varint(strikes.length);
  writer.numbers(strikes, PAISE);
  for (const strike of strikes) writer.bits(Uint8Array.from(rows, (row) => (row.has(strike) ? 1 : 0)));
  const over = (leg: number, value: (snapshot: ChainSnapshot, place: number) => number): number[] =>
    snapshots.map((snapshot, i) => {
      const row = rows[i]!.get(strikes[leg >> 1]!);
      return row === undefined ? NaN : value(snapshot, 2 * row + (leg & 1));
    });
  const legs = Array.from({ length: 2 * strikes.length }, (_, leg) => leg);
  for (const leg of legs) writer.bits(Uint8Array.from(over(leg, ({ present }, at) => present[at]!)));
  for (const [column, scale] of COLUMNS)
    for (const leg of legs)
      writeSeries(
        writer,
        over(leg, (snapshot, at) => snapshot[column][at]!),
        scale,
      );
}

type Legs = Pick<ChainSnapshot, 'strikes' | 'present' | 'oi' | 'prevOi' | 'ltp' | 'volume'>;

function readLegs(reader: ByteReader, count: number): Legs[] {
  const all = reader.varint();
  const strikes = reader.numbers(all, PAISE);
  const listed = Array.from(strikes, () => reader.bits(count));
  const legs = Array.from({ length: 2 * all }, (_, leg) => leg);
  const present = legs.map(() => reader.bits(count));
  const [oi, prevOi, ltp, volume] = COLUMNS.map(([, scale]) =>
    legs.map(() => readSeries(reader, count, scale)),
  ) as [Float64Array[], Float64Array[], Float64Array[], Float64Array[]];
  return Array.from({ length: count }, (_, i) => {
    const places = legs.filter((leg) => listed[leg >> 1]![i] === 1);
    const column = (series: Float64Array[]): Float64Array =>
      Float64Array.from(places, (leg) => series[leg]![i]!);
    return {
      strikes: strikes.filter((_, row) => listed[row]![i] === 1),
      present: Uint8Array.from(places, (leg) => present[leg]![i]!),
      ...{ oi: column(oi), prevOi: column(prevOi), ltp: column(ltp), volume: column(volume) },
    };
  });
}

/** A step of which every value · scale is a multiple, then the multiples; step 0: the values as they are. */
function writeSeries(writer: ByteWriter, values: readonly number[], scale: number): void {
  const wholes = values.map((value) => Math.round(value * scale));
  const isExact = values.every((value, i) => value !== value || isWhole(value, wholes[i]!, scale));
  const step = isExact
    ? wholes.reduce((step, whole) => (whole === whole ? gcd(step, whole) : step), 0) || 1
    : 0;
  writer.varint(step);
  writer.numbers(Float64Array.from(step === 0 ? values : wholes.map((whole) => whole / step)), 1);
}

function readSeries(reader: ByteReader, count: number, scale: number): Float64Array {
  const step = reader.varint();
  const numbers = reader.numbers(count, 1);
  return step === 0 ? numbers : numbers.map((number) => (number * step) / scale);
}

function isWhole(value: number, whole: number, scale: number): boolean {
  return Math.abs(whole) < MAX_WHOLE && whole / scale === value && !Object.is(value, -0);
}

/** Greatest common divisor, not negative. */
function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
