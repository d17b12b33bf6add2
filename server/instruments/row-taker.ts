import type { MasterList } from './master-list.js';
import { isPlainText, parseMasterRow, RowRefused, SEGMENTS } from './master-row.js';
import type { OnObject, TakeKnown } from './object-splitter.js';
import { RowSpellings } from './row-spellings.js';

const PREFIX = '"segment":"';
const EQUITY_TYPE = '"instrument_type":"EQ"';
const QUOTE = '"';

/**
 * Puts the rows of a file into `list`: contracts of ours, and what names their underlyings. Other rows are counted
 * without being parsed, which is half of the file.
 */
export class RowTaker {
  // The search for the segment runs past the end of a row that does not name it in the usual spelling. Once one does
  // not, all rows are parsed instead, so that a strange file costs a little more and not a multiple.
  private peeking = true;
  private readonly spellings = new RowSpellings(SEGMENTS);

  /**
   * @param only exchanges to take; `null` for all.
   * @param onRow called for each row, before anything is done with it.
   */
  constructor(
    private readonly list: MasterList,
    private readonly only: ReadonlySet<string> | null,
    private readonly onRow: () => void,
  ) {}

  /** Takes a contract's row that is spelled like one before it. */
  readonly takeKnown: TakeKnown = (text, start) => {
    const fields = this.spellings.read(text, start);
    if (fields === null) return -1;
    this.onRow();
    const { end } = this.spellings;
    if (this.wants(fields.segment as string)) this.check(fields, text, start, end);
    else this.list.ignored += 1;
    return end;
  };

  /** Takes any row. */
  readonly take: OnObject = (text, start, end) => {
    this.onRow();
    const segment = this.peeking ? peekSegment(text, start, end) : null;
    if (segment === null) {
      this.peeking = false;
      this.parsed(text, start, end);
    } else if (isOurs(segment) && this.wants(segment)) this.parsed(text, start, end);
    else {
      const row = text.slice(start, end);
      if (isNameRow(segment, row)) takeName(this.list, parse(row));
      this.list.ignored += 1;
    }
  };

  private wants(segment: string): boolean {
    return this.only === null || this.only.has(segment.slice(0, 3));
  }

  private parsed(text: string, start: number, end: number): void {
    const whole = text.slice(start, end);
    const row = parse(whole);
    if (row === null) return this.list.refuse('not valid JSON', whole);
    const segment = row['segment'];
    if (typeof segment === 'string' && !isOurs(segment)) {
      if (segment.endsWith('_INDEX') || (segment === 'NSE_EQ' && row['instrument_type'] === 'EQ'))
        takeName(this.list, row);
      this.list.ignored += 1;
      return;
    }
    this.spellings.learn(row);
    this.check(row, text, start, end);
  }

  private check(row: Record<string, unknown>, text: string, start: number, end: number): void {
    const { list, only } = this;
    try {
      const checked = parseMasterRow(row);
      if (only === null || only.has(checked.exchange)) list.add(checked);
      else list.ignored += 1;
    } catch (error) {
      if (!(error instanceof RowRefused)) throw error;
      list.refuse(error.message, text.slice(start, end));
    }
  }
}

function isOurs(segment: unknown): boolean {
  return segment === 'NSE_FO' || segment === 'BSE_FO' || segment === 'MCX_FO';
}

/**
 * The value of `segment` without parsing the row; `null` where it is not written the usual way. An escaped quote in
 * another field cannot be mistaken for it: there, a backslash stands before the quote.
 */
function peekSegment(text: string, start: number, end: number): string | null {
  const at = text.indexOf(PREFIX, start);
  if (at < 0 || at >= end) return null;
  const from = at + PREFIX.length;
  const to = text.indexOf(QUOTE, from);
  return to < 0 || to >= end ? null : text.slice(from, to);
}

/** Index rows and NSE share rows give underlyings their readable names. */
function isNameRow(segment: string, row: string): boolean {
  return segment.endsWith('_INDEX') || (segment === 'NSE_EQ' && row.includes(EQUITY_TYPE));
}

function takeName(list: MasterList, row: Record<string, unknown> | null): void {
  if (row === null) return;
  const name = row['short_name'] ?? row['name'];
  const key = row['instrument_key'];
  if (isPlainText(key) && isPlainText(name)) list.addName(key, name.trim());
}

/** `null` when the object is not valid JSON. */
function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
