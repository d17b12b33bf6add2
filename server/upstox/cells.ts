import { safeText } from './wording.js';

/** Above any price quoted in India (an index stands below 1e5, a share below 1e6), below what no feed means. */
const MAX_PRICE = 1e9;

/** A count of units: a whole number from 0 up. JSON brings it as `388800` or `388800.0`, which are the same. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A price in rupees: finite, from 0 up. */
export function isPrice(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_PRICE;
}

/**
 * Reads the number cells of an answer. Absent and null cells are unknown; a cell with anything but a fit number is
 * unknown too, and is listed in words, so that one bad cell costs one cell and is not lost sight of.
 */
export class CellReader {
  readonly rejected: string[] = [];

  count(value: unknown, where: () => string): number | null {
    return this.read(value, isCount, where, 'a count');
  }

  price(value: unknown, where: () => string): number | null {
    return this.read(value, isPrice, where, 'a price');
  }

  reject(where: string, why: string): null {
    this.rejected.push(`${where}: ${why}`);
    return null;
  }

  private read(
    value: unknown,
    fits: (value: unknown) => value is number,
    where: () => string,
    kind: string,
  ): number | null {
    if (value === undefined || value === null) return null;
    // `+ 0` turns -0 into 0.
    if (fits(value)) return value + 0;
    return this.reject(where(), `${shown(value)} is not ${kind}`);
  }
}

/** A refused value, short and without anything unprintable. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${safeText(value).slice(0, 24)}"`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
