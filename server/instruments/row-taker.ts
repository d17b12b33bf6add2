import type { MasterList } from './master-list.js';
import { isPlainText, parseMasterRow, RowRefused } from './master-row.js';
import type { OnObject } from './object-splitter.js';

const PREFIX = Buffer.from('"segment":"');
const EQUITY_TYPE = Buffer.from('"instrument_type":"EQ"');

/**
 * Puts the rows of a file into `list`: contracts of ours, and what names their underlyings. Other rows are counted
 * without being parsed, which is half of the file.
 * @param only exchanges to take; `null` for all.
 */
export function rowTaker(list: MasterList, only: ReadonlySet<string> | null): OnObject {
  // The search for the segment runs past the end of a row that does not name it in the usual spelling. Once one does
  // not, all rows are parsed instead, so that a strange file costs a little more and not a multiple.
  let peeking = true;
  return (bytes: Buffer, start: number, end: number): void => {
    const segment = peeking ? peekSegment(bytes, start, end) : null;
    if (segment === null) {
      peeking = false;
      takeRow(list, bytes, start, end, only);
    } else if (isOurs(segment) && (only === null || only.has(segment.slice(0, 3))))
      takeRow(list, bytes, start, end, only);
    else {
      if (isNameRow(segment, bytes, start, end)) takeName(list, parse(bytes, start, end));
      list.ignored += 1;
    }
  };
}

function isOurs(segment: unknown): boolean {
  return segment === 'NSE_FO' || segment === 'BSE_FO' || segment === 'MCX_FO';
}

/**
 * The value of `segment` without parsing the row; `null` where it is not written the usual way. An escaped quote in
 * another field cannot be mistaken for it: there, a backslash stands before the quote.
 */
function peekSegment(bytes: Buffer, start: number, end: number): string | null {
  const at = bytes.indexOf(PREFIX, start);
  if (at < 0 || at >= end) return null;
  const from = at + PREFIX.length;
  const to = bytes.indexOf(0x22, from);
  return to < 0 || to >= end ? null : bytes.toString('latin1', from, to);
}

/** Index rows and NSE share rows give underlyings their readable names. */
function isNameRow(segment: string, bytes: Buffer, start: number, end: number): boolean {
  if (segment.endsWith('_INDEX')) return true;
  if (segment !== 'NSE_EQ') return false;
  return bytes.subarray(start, end).includes(EQUITY_TYPE);
}

function takeName(list: MasterList, row: Record<string, unknown> | null): void {
  if (row === null) return;
  const name = row['short_name'] ?? row['name'];
  const key = row['instrument_key'];
  if (isPlainText(key) && isPlainText(name)) list.addName(key, name.trim());
}

function takeRow(
  list: MasterList,
  bytes: Buffer,
  start: number,
  end: number,
  only: ReadonlySet<string> | null,
): void {
  const row = parse(bytes, start, end);
  if (row === null) return list.refuse('not valid JSON', bytes.toString('utf8', start, end));
  const segment = row['segment'];
  if (typeof segment === 'string' && !isOurs(segment)) {
    if (segment.endsWith('_INDEX') || (segment === 'NSE_EQ' && row['instrument_type'] === 'EQ'))
      takeName(list, row);
    list.ignored += 1;
    return;
  }
  try {
    const checked = parseMasterRow(row);
    if (only === null || only.has(checked.exchange)) list.add(checked);
    else list.ignored += 1;
  } catch (error) {
    if (!(error instanceof RowRefused)) throw error;
    list.refuse(error.message, bytes.toString('utf8', start, end));
  }
}

/** `null` when the object is not valid JSON. */
function parse(bytes: Buffer, start: number, end: number): Record<string, unknown> | null {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
