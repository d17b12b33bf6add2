import type { Side } from './contract.js';
import type { CaptureSource, ChainQuote, ChainSnapshot, LegQuote, StrikeQuote } from './snapshot.js';
import type { EpochMs, Slot } from './units.js';

type Columns = Pick<ChainSnapshot, 'present' | 'oi' | 'prevOi' | 'ltp' | 'volume'>;

/** Number of a leg in the columns of a snapshot whose strike stands at index `row`. */
export function legAt(row: number, side: Side): number {
  return side === 'call' ? 2 * row : 2 * row + 1;
}

/**
 * Packs an answer into columns, strikes ascending. Cells that cannot be true become unknown (`NaN`) one by
 * one: OI, previous OI and volume that are negative or not whole units, prices that are negative, anything
 * not finite. A spot that is not above 0 is unknown.
 * @throws RangeError when a strike is not a positive number or stands twice: the answer as a whole is then
 * not to be trusted.
 */
export function packQuote(
  quote: ChainQuote,
  slot: Slot,
  capturedAt: EpochMs,
  source: CaptureSource,
): ChainSnapshot {
  const sorted = sortStrikes(quote.strikes);
  const strikes = Float64Array.from(sorted, (entry) => entry.strike);
  const columns = emptyColumns(2 * strikes.length);
  sorted.forEach((entry, row) => {
    packLeg(columns, legAt(row, 'call'), entry.call);
    packLeg(columns, legAt(row, 'put'), entry.put);
  });
  const spot = price(quote.spot);
  return { slot, capturedAt, source, spot: spot > 0 ? spot : null, strikes, ...columns };
}

/**
 * One leg of a snapshot as an answer would give it.
 * @param leg its number, see `ChainSnapshot`.
 * @returns `null` when the leg is not in the snapshot.
 */
export function unpackLeg(snapshot: ChainSnapshot, leg: number): LegQuote | null {
  if (snapshot.present[leg] !== 1) return null;
  return {
    oi: known(snapshot.oi[leg]),
    prevOi: known(snapshot.prevOi[leg]),
    ltp: known(snapshot.ltp[leg]),
    volume: known(snapshot.volume[leg]),
  };
}

/** Legs that were in the answer, but without a known OI. */
export function unknownLegs(snapshot: ChainSnapshot): number {
  let unknown = 0;
  snapshot.present.forEach((present, leg) => {
    if (present && Number.isNaN(snapshot.oi[leg])) unknown += 1;
  });
  return unknown;
}

/**
 * A packed cell as a value of an answer: `NaN` (unknown) and cells out of range become `null`, −0 becomes 0.
 */
export function known(cell: number | undefined): number | null {
  return cell === undefined || Number.isNaN(cell) ? null : cell + 0;
}

function sortStrikes(strikes: readonly StrikeQuote[]): StrikeQuote[] {
  const sorted = [...strikes].sort((a, b) => a.strike - b.strike);
  let previous = 0;
  for (const { strike } of sorted) {
    if (!(strike > 0 && Number.isFinite(strike))) throw new RangeError(`not a strike: ${strike}`);
    if (strike === previous) throw new RangeError(`strike ${strike} stands twice in one answer`);
    previous = strike;
  }
  return sorted;
}

function emptyColumns(legs: number): Columns {
  const unknown = () => new Float64Array(legs).fill(NaN);
  return {
    present: new Uint8Array(legs),
    oi: unknown(),
    prevOi: unknown(),
    ltp: unknown(),
    volume: unknown(),
  };
}

function packLeg(columns: Columns, leg: number, quote: LegQuote | null): void {
  if (quote === null) return;
  columns.present[leg] = 1;
  columns.oi[leg] = units(quote.oi);
  columns.prevOi[leg] = units(quote.prevOi);
  columns.ltp[leg] = price(quote.ltp);
  columns.volume[leg] = units(quote.volume);
}

/** Above 2^53 sums of units are no longer exact, and no market is that large. */
function units(value: number | null): number {
  return value !== null && Number.isSafeInteger(value) && value >= 0 ? value + 0 : NaN;
}

function price(value: number | null): number {
  return value !== null && Number.isFinite(value) && value >= 0 ? value + 0 : NaN;
}
