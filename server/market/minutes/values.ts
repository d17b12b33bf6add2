import type { ByteSink } from './byte-sink.js';
import type { ByteSource } from './byte-source.js';
import type { Column } from './frame.js';
import { SPOT, type UniverseColumns } from './universe.js';

/** Values up to here keep every sum and difference of two exact in a double. */
const MAX_EXACT = 2 ** 51;
const PAISE = 100;
/** Options and futures are quoted in steps of 5 paise, or more. */
const TICK_PAISE = 5;

/** After the escape 0: what follows. */
const UNKNOWN = 0;
const STEPS = 1;
const WHOLE = 2;
const DOUBLE = 3;

/**
 * How a column counts. A value is `whole / scale`; `step(leg)` is what wholes usually move by: a lot for OI and volume,
 * a tick for prices.
 */
export interface Measure {
  readonly scale: number;
  readonly steps: Int32Array;
}

export type Measures = Readonly<Record<Column, Measure>>;

/** The measures of a universe: OI and volume in lots, prices in ticks of 5 paise, spots in paise. */
export function measuresOf(universe: UniverseColumns): Measures {
  const lots: Measure = { scale: 1, steps: universe.lots };
  const ticks = new Int32Array(universe.sides.length);
  universe.sides.forEach((side, leg) => (ticks[leg] = side === SPOT ? 1 : TICK_PAISE));
  return { oi: lots, prevOi: lots, volume: lots, ltp: { scale: PAISE, steps: ticks } };
}

/**
 * Writes what a value changed to. Where both are known and the difference is a whole number of steps: its zigzag,
 * which is not 0. Else 0 and `UNKNOWN`, `STEPS` value/step, `WHOLE` value, or `DOUBLE` its 64 bits.
 */
export function writeChange(
  sink: ByteSink,
  measure: Measure,
  leg: number,
  before: number,
  now: number,
): void {
  if (now !== now) {
    sink.byte(0);
    sink.byte(UNKNOWN);
    return;
  }
  const { scale } = measure;
  const step = measure.steps[leg]!;
  const whole = scale === 1 ? now : Math.round(now * scale);
  if (before === before) {
    const from = scale === 1 ? before : Math.round(before * scale);
    const steps = (whole - from) / step;
    if (isWhole(steps) && steps !== 0 && isExact(now, whole, scale) && isExact(before, from, scale)) {
      sink.zigzag(steps);
      return;
    }
  }
  sink.byte(0);
  writeEscaped(sink, now, whole, scale, step);
}

function writeEscaped(sink: ByteSink, now: number, whole: number, scale: number, step: number): void {
  if (!isExact(now, whole, scale) || whole < 0) {
    sink.byte(DOUBLE);
    sink.double(now);
  } else if (isWhole(whole / step)) {
    sink.byte(STEPS);
    sink.varint(whole / step);
  } else {
    sink.byte(WHOLE);
    sink.varint(whole);
  }
}

/** Reads what `writeChange` wrote. */
export function readChange(source: ByteSource, measure: Measure, leg: number, before: number): number {
  const steps = source.zigzag();
  if (steps === 0) return readEscaped(source, measure, leg);
  const { scale } = measure;
  if (scale === 1) return before + steps * measure.steps[leg]!;
  return (Math.round(before * scale) + steps * measure.steps[leg]!) / scale;
}

/** Writes a known value by itself: value/step + 1, or 0 and `WHOLE` or `DOUBLE`. */
export function writeValue(sink: ByteSink, measure: Measure, leg: number, value: number): void {
  const { scale } = measure;
  const step = measure.steps[leg]!;
  const whole = scale === 1 ? value : Math.round(value * scale);
  const steps = whole / step;
  if (whole >= 0 && isWhole(steps) && isExact(value, whole, scale)) {
    sink.varint(steps + 1);
    return;
  }
  sink.byte(0);
  writeEscaped(sink, value, whole, scale, step);
}

/** Reads what `writeValue` wrote. */
export function readValue(source: ByteSource, measure: Measure, leg: number): number {
  const steps = source.varint();
  if (steps === 0) return readEscaped(source, measure, leg);
  const whole = (steps - 1) * measure.steps[leg]!;
  return measure.scale === 1 ? whole : whole / measure.scale;
}

function readEscaped(source: ByteSource, measure: Measure, leg: number): number {
  switch (source.byte()) {
    case UNKNOWN:
      return NaN;
    case STEPS:
      return (source.varint() * measure.steps[leg]!) / measure.scale;
    case WHOLE:
      return source.varint() / measure.scale;
    case DOUBLE:
      return source.double();
    default:
      throw new RangeError('The block holds an unknown kind of value.');
  }
}

/**
 * Whether a quotient is a whole number. Below `MAX_EXACT` no other is rounded to one; `%` would say the same, at several
 * times the price.
 */
function isWhole(quotient: number): boolean {
  return quotient === Math.floor(quotient);
}

function isExact(value: number, whole: number, scale: number): boolean {
  return whole < MAX_EXACT && whole > -MAX_EXACT && isWhole(whole) && whole / scale === value;
}
