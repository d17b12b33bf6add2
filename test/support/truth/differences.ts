const show = (value: unknown): string =>
  Object.is(value, -0) || typeof value === 'number'
    ? Object.is(value, -0)
      ? '-0'
      : String(value)
    : (JSON.stringify(value) ?? 'undefined');

/** Collects differences, each with the place where it was found. Nothing is written out while all is equal. */
export class Differences {
  readonly list: string[] = [];
  /** Where the comparison stands now: table, leg, window. */
  place: readonly (string | number)[] = [];

  add(what: string): void {
    this.list.push(`${this.place.join(' ')} ${what}`);
  }

  /** Exactly equal. −0 and NaN are differences: they are no numbers for a screen. */
  same(what: string, expected: unknown, actual: unknown): void {
    if (!Object.is(expected, actual)) this.add(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }

  /** Equal within 1e-9 relative: ratios, whose last bit depends on the order of operations. */
  close(what: string, expected: number | null, actual: number | null | undefined): void {
    if (expected === null || typeof actual !== 'number') return this.same(what, expected, actual);
    const off = Math.abs(expected - actual) > 1e-9 * Math.max(Math.abs(expected), Math.abs(actual));
    if (off || Object.is(actual, -0) || Number.isNaN(actual)) this.same(what, expected, actual);
  }

  oneOf(what: string, allowed: readonly unknown[], actual: unknown): void {
    if (!allowed.includes(actual)) this.add(`${what}: expected one of ${show(allowed)}, got ${show(actual)}`);
  }
}
