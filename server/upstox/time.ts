import type { EpochMs } from '../domain/units.js';

const ISO_WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

/** An ISO time as epoch ms; `null` for anything else, and for a time without an offset, which could mean any zone. */
export function parseTime(value: unknown): EpochMs | null {
  if (typeof value !== 'string' || !ISO_WITH_OFFSET.test(value)) return null;
  const time = Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(time) ? null : time;
}
