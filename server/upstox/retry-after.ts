import type { EpochMs } from '../domain/units.js';

/**
 * The `Retry-After` header (RFC 9110, 10.2.3) in ms: seconds, or an HTTP date measured from the answer's own `Date`,
 * so that two clocks that differ do no harm. `null` where it is absent or not understood.
 */
export function retryAfterMs(headers: Headers, now: EpochMs): number | null {
  const value = headers.get('retry-after')?.trim();
  if (!value) return null;
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // Three letters of a weekday: Date.parse alone would take any number for a year.
  const until = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(until)) return null;
  const sent = Date.parse(headers.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sent) ? now : sent));
}
