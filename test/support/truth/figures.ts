import { SIDES, type ExpectedRow, type ExpectedTotals, type Side } from './types.js';

/** Per cent of a base; a base of 0 has none. */
export const percent = (abs: number, base: number): number | null => (base === 0 ? null : (100 * abs) / base);

/** The listed strike nearest to spot, on a tie the lower one; unknown where spot is. Strikes ascend. */
export function nearestStrike(strikes: readonly number[], spot: number | null): number | null {
  if (spot === null) return null;
  let best: number | null = null;
  for (const strike of strikes)
    if (best === null || Math.abs(strike - spot) < Math.abs(best - spot)) best = strike;
  return best;
}

/** Whole paise, so that sums of products stay exact integers. @throws when they would not. */
function paise(rupees: number): number {
  const scaled = Math.round(rupees * 100);
  if (Math.abs(scaled / 100 - rupees) > 1e-9) throw new Error(`strike finer than a paisa: ${rupees}`);
  return scaled;
}

const known = (row: ExpectedRow, side: Side): number => row[side].oi ?? 0;

/**
 * The strike at which all options together would be worth least if the underlying settled there: the plain
 * definition, every strike against every strike. On a tie the one nearest to spot, then the lower one.
 */
export function maxPain(rows: readonly ExpectedRow[], spot: number | null): number | null {
  if (!rows.some((row) => SIDES.some((side) => row[side].oi !== null))) return null;
  const legs = rows.map((row) => ({
    at: paise(row.strike),
    call: known(row, 'call'),
    put: known(row, 'put'),
  }));
  let best: { strike: number; pain: number } | null = null;
  for (const { strike } of rows) {
    const settled = paise(strike);
    let pain = 0;
    for (const { at, call, put } of legs) pain += settled > at ? call * (settled - at) : put * (at - settled);
    if (!Number.isSafeInteger(pain)) throw new Error('max pain is beyond exact integers');
    const nearer = best && spot !== null && Math.abs(strike - spot) < Math.abs(best.strike - spot);
    if (!best || pain < best.pain || (pain === best.pain && nearer)) best = { strike, pain };
  }
  return best?.strike ?? null;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function knownOf(rows: readonly ExpectedRow[], side: Side, field: 'oi' | 'day'): number[] {
  const values = rows.map((row) => (field === 'oi' ? row[side].oi : row[side].dayChange?.abs));
  return values.filter((value): value is number => value != null);
}

/** Premium of call and put at the money. A price of 0 says that the leg has not traded, so there is none. */
function straddle(rows: readonly ExpectedRow[], atm: number | null): number | null {
  const row = rows.find(({ strike }) => strike === atm);
  if (!row?.call.ltp || !row.put.ltp) return null;
  return row.call.ltp + row.put.ltp;
}

/** Totals over the whole chain: known legs only. */
export function totals(
  rows: readonly ExpectedRow[],
  spot: number | null,
  atm: number | null,
): ExpectedTotals {
  const calls = knownOf(rows, 'call', 'oi');
  const puts = knownOf(rows, 'put', 'oi');
  const days = { call: knownOf(rows, 'call', 'day'), put: knownOf(rows, 'put', 'day') };
  return {
    callOi: sum(calls),
    putOi: sum(puts),
    pcr: sum(calls) === 0 || puts.length === 0 ? null : sum(puts) / sum(calls),
    maxPain: maxPain(rows, spot),
    callDayChange: days.call.length ? sum(days.call) : null,
    putDayChange: days.put.length ? sum(days.put) : null,
    straddle: straddle(rows, atm),
  };
}

/** Dead bands: below 0.25 % of price or 0.30 % of OI nothing has been built. */
const PRICE_BAND = 0.0025;
const OI_BAND = 0.003;

type Direction = -1 | 0 | 1;

/** Directions that the dead band allows: two exactly on its edge, where the rules do not say which side counts. */
function directions(delta: number, base: number, band: number): Direction[] {
  if (delta === 0) return [0];
  const sign: Direction = delta > 0 ? 1 : -1;
  if (base === 0) return [sign];
  const ratio = Math.abs(delta) / base;
  if (Math.abs(ratio - band) < 1e-9) return [0, sign];
  return ratio < band ? [0] : [sign];
}

const LABELS: Record<string, string> = { '1,1': 'LB', '-1,1': 'SB', '1,-1': 'SC', '-1,-1': 'LU' };

/**
 * Build-up labels of a leg over a window by its own premium and OI: both up long build-up, premium down and OI up
 * short build-up, premium up and OI down short covering, both down long unwinding; else flat. `null` without prices: unknown ones, or 0, which says that nothing has traded.
 */
export function buildUpLabels(
  oi: number,
  baseOi: number,
  ltp: number | null,
  baseLtp: number | null,
): (string | null)[] {
  if (!ltp || !baseLtp) return [null];
  const found = new Set<string>();
  for (const price of directions(ltp - baseLtp, baseLtp, PRICE_BAND))
    for (const interest of directions(oi - baseOi, baseOi, OI_BAND))
      found.add(LABELS[`${price},${interest}`] ?? 'flat');
  return [...found];
}
