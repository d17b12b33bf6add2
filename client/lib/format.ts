/**
 * Numbers as Indian traders write them. By hand, since `Intl`'s compact form differs between browsers ("T" for
 * thousand in older ones) and is slow in a table.
 */
export const MINUS = '−';
export const UNKNOWN = '–';

/** How quantities are shown: lakh and crore, or every digit. */
export type Units = 'lakh' | 'full';

const GROUP = /(\d)(?=(\d\d)+\d$)/g;

/** Indian grouping: 3250000 → 32,50,000. `digits` after the point. A true minus in front of what is below 0. */
export function grouped(value: number, digits = 0): string {
  const text = Math.abs(value).toFixed(digits);
  const point = text.indexOf('.');
  const whole = (point < 0 ? text : text.slice(0, point)).replace(GROUP, '$1,');
  const out = point < 0 ? whole : whole + text.slice(point);
  return value < 0 && Number(text) !== 0 ? MINUS + out : out;
}

/** Quantity in K, L (lakh, 10⁵) and Cr (crore, 10⁷): 455, 11.8K, 61.5L, 1.68Cr. */
export function quantity(value: number, units: Units = 'lakh'): string {
  if (units === 'full') return grouped(value);
  const size = Math.abs(value);
  // The limits lie where rounding would carry into the next unit: 99,950 is 1.0L, not 100.0K.
  if (size < 1_000) return grouped(value);
  if (size < 99_950) return `${fixed(value / 1e3, 1)}K`;
  if (size < 9_995_000) return `${fixed(value / 1e5, 1)}L`;
  return `${fixed(value / 1e7, 2)}Cr`;
}

/** A quantity with its sign; 0 has none. */
export function signedQuantity(value: number, units: Units = 'lakh'): string {
  return value > 0 ? `+${quantity(value, units)}` : quantity(value, units);
}

/** Per cent with sign and one decimal, none from 100 on; without the sign `%`. Zero carries no sign. */
export function signedPercent(pct: number): string {
  return signedFixed(pct, Math.abs(pct) >= 99.95 ? 0 : 1);
}

/** A figure with its sign and fixed decimals; 0 has none. */
export function signedFixed(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A price in rupees with two decimals and Indian grouping. */
export function price(value: number): string {
  return grouped(value, 2);
}

/** A strike: decimals only where it has them. */
export function strike(value: number): string {
  return grouped(value, Number.isInteger(value) ? 0 : 2);
}

/** What the foot says about quantities. */
export function unitText(lotSize: number | null, units: Units): string {
  const scale = units === 'lakh' ? ' · 1 L = 1,00,000, 1 Cr = 100 L' : '';
  return lotSize === null ? `OI in units${scale}` : `OI in units (lots × ${lotSize})${scale}`;
}

function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}
