/** The fields that are read, and what type they have in a row that can be recognised. */
const TYPES = {
  segment: 'string',
  exchange: 'string',
  instrument_key: 'string',
  instrument_type: 'string',
  expiry: 'number',
  strike_price: 'number',
  lot_size: 'number',
  trading_symbol: 'string',
  underlying_symbol: 'string',
  underlying_key: 'string',
  underlying_type: 'string',
  name: 'string',
  weekly: 'boolean',
} as const;
type Field = keyof typeof TYPES;

/** The fields of a row as `JSON.parse` gives them, without those that nobody reads. */
export type RowFields = Record<Field, string | number | boolean | undefined>;

/** Printable ASCII without quotes and backslashes: nothing that would have to be unescaped. */
const PLAIN_TEXT = /[ !#-[\]-~]*/.source;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?/.source;
const PLAIN_NAME = /^[a-z_]+$/;

/** A real list has three. */
const MAX_SPELLINGS = 8;
/** Rows that are looked at to learn from: a list in which every row is another must not cost more for that. */
const MAX_LESSONS = 64;
const MAX_FIELDS = 64;

interface Spelling {
  pattern: RegExp;
  /** Which group of the pattern has a field; 0 for none. */
  groups: Record<Field, number>;
}

/**
 * Reads rows that are spelled like one that `JSON.parse` has read before: the same names in the same order, values of
 * the same types, nothing escaped and no space between. One pattern then finds a row's values and its end in a third
 * of the time. A row of any other spelling is not recognised.
 */
export class RowSpellings {
  /** Where the row that was recognised last ends (exclusive). */
  end = -1;
  private readonly known: Spelling[] = [];
  private lessons = 0;

  /** @param segments whose rows are recognised. */
  constructor(private readonly segments: readonly string[]) {}

  /** The fields of the row that starts at `start`; `null` when its spelling is not known. */
  read(text: string, start: number): RowFields | null {
    for (const { pattern, groups } of this.known) {
      pattern.lastIndex = start;
      const found = pattern.exec(text);
      if (found === null) continue;
      this.end = pattern.lastIndex;
      return fieldsOf(found, groups);
    }
    return null;
  }

  /** Learns how a row is spelled, if it is plainly. */
  learn(row: Record<string, unknown>): void {
    if (this.known.length === MAX_SPELLINGS || this.lessons++ >= MAX_LESSONS) return;
    const spelling = spellingOf(row, this.segments);
    const isNew = this.known.every(({ pattern }) => pattern.source !== spelling?.pattern.source);
    if (spelling !== null && isNew) this.known.push(spelling);
  }
}

function fieldsOf(found: RegExpExecArray, groups: Spelling['groups']): RowFields {
  return {
    segment: found[groups.segment],
    exchange: found[groups.exchange],
    instrument_key: found[groups.instrument_key],
    instrument_type: found[groups.instrument_type],
    expiry: Number(found[groups.expiry]),
    strike_price: Number(found[groups.strike_price]),
    lot_size: Number(found[groups.lot_size]),
    trading_symbol: found[groups.trading_symbol],
    underlying_symbol: found[groups.underlying_symbol],
    underlying_key: found[groups.underlying_key],
    underlying_type: found[groups.underlying_type],
    name: found[groups.name],
    weekly: groups.weekly === 0 ? undefined : found[groups.weekly] === 'true',
  };
}

/** `null` for a row that lacks a field other than `weekly`, or that a pattern cannot describe. */
function spellingOf(row: Record<string, unknown>, segments: readonly string[]): Spelling | null {
  const entries = Object.entries(row);
  if (entries.length > MAX_FIELDS) return null;
  const groups: Partial<Record<Field, number>> = {};
  const parts: string[] = [];
  let group = 0;
  for (const [name, value] of entries) {
    const spelled = spelledAs(name, value, segments);
    if (spelled === null || !PLAIN_NAME.test(name)) return null;
    parts.push(`"${name}":${spelled}`);
    if (isField(name)) groups[name] = ++group;
  }
  const all = { weekly: 0, ...groups };
  if (Object.keys(all).length !== Object.keys(TYPES).length) return null;
  return {
    pattern: new RegExp(`\\{${parts.join(',')}\\}`, 'y'),
    groups: all as Spelling['groups'],
  };
}

function isField(name: string): name is Field {
  return Object.hasOwn(TYPES, name);
}

/** Values of the type of `value`, in a group when they are read; `null` when there is no pattern for them. */
function spelledAs(name: string, value: unknown, segments: readonly string[]): string | null {
  if (isField(name) && typeof value !== TYPES[name]) return null;
  const open = isField(name) ? '(' : '(?:';
  if (name === 'segment') return `"(${segments.join('|')})"`;
  if (typeof value === 'string') return `"${open}${PLAIN_TEXT})"`;
  if (typeof value === 'number') return `${open}${NUMBER})`;
  return typeof value === 'boolean' ? `${open}true|false)` : null;
}
