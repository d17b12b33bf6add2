/** Collects differences, each with the place where it was found. */
export class Differences {
  readonly list: string[] = [];

  /** Exactly equal. −0 and NaN are differences: they are no numbers for a screen. */
  same(place: string, expected: unknown, actual: unknown): void {
    if (!Object.is(expected, actual))
      this.list.push(`${place}: expected ${show(expected)}, got ${show(actual)}`);
  }

  /** Equal within 1e-9 relative: ratios, whose last bit depends on the order of operations. */
  close(place: string, expected: number | null, actual: number | null | undefined): void {
    if (expected === null || typeof actual !== 'number') return this.same(place, expected, actual);
    const off = Math.abs(expected - actual) > 1e-9 * Math.max(Math.abs(expected), Math.abs(actual));
    if (off || Object.is(actual, -0) || Number.isNaN(actual)) this.same(place, expected, actual);
  }

  oneOf(place: string, allowed: readonly unknown[], actual: unknown): void {
    if (!allowed.includes(actual))
      this.list.push(`${place}: expected one of ${show(allowed)}, got ${show(actual)}`);
  }
}

const show = (value: unknown): string =>
  Object.is(value, -0)
    ? '-0'
    : typeof value === 'number'
      ? String(value)
      : (JSON.stringify(value) ?? 'undefined');
