import { parseInstant } from '../domain/slot.js';
import type { EpochMs } from '../domain/units.js';

/** An ISO time as epoch ms; `null` for anything else, and for a time without an offset, which could mean any zone. */
export function parseTime(value: unknown): EpochMs | null {
  // The broker writes offsets with and without a colon.
  return typeof value === 'string' ? parseInstant(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : null;
}
