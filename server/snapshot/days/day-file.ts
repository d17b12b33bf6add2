import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isIsoDate, parseInstant } from '../../domain/slot.js';
import type { LegQuote, StrikeQuote } from '../../domain/snapshot.js';
import type { EpochMs, IsoDate } from '../../domain/units.js';
import { isCount, isPrice } from '../../upstox/cells.js';

/** Columns of a recorded day. OI and volume in units, prices in rupees, blank = unknown. */
export const DAY_COLUMNS = [
  'ts_iso',
  'underlying',
  'spot',
  'expiry',
  'strike',
  'ce_oi',
  'ce_ltp',
  'ce_volume',
  'pe_oi',
  'pe_ltp',
  'pe_volume',
] as const;

/** A row has about 100 bytes. A file that unpacks to a line without an end, or to blank lines, is stopped here. */
const LONGEST_LINE_BYTES = 4 * 1024;
const BLANK_LINES = 100;
const LINE_FEED = 0x0a;

/** A file cannot be used; says where and why. Nothing of it was stored. */
export class DayFileRefused extends Error {
  override readonly name = 'DayFileRefused';
}

/** One chain at one moment of a recorded day. */
export interface RecordedChain {
  time: EpochMs;
  /** Symbol, such as NIFTY. */
  underlying: string;
  expiry: IsoDate;
  spot: number | null;
  strikes: StrikeQuote[];
}

/**
 * Streams a recorded day, one chain and moment at a time, in the file's order (by time).
 * @throws DayFileRefused for a file that is missing, cut short, not of these columns, or has a row that makes no sense.
 */
export async function* readDay(file: string): AsyncGenerator<RecordedChain> {
  let current: RecordedChain | null = null;
  for await (const { cells, line } of csvRows(file, DAY_COLUMNS)) {
    const row = parseRow(cells, (why) => new DayFileRefused(`${file}, line ${line}: ${why}`));
    if (current && sameChain(current, row)) {
      current.strikes.push(...row.strikes);
      continue;
    }
    if (current) yield current;
    if (current && row.time < current.time)
      throw new DayFileRefused(
        `${file}, line ${line}: earlier than the row before; the file must be sorted by time.`,
      );
    current = row;
  }
  if (!current) throw new DayFileRefused(`${file} has no rows.`);
  yield current;
}

/** Previous closing OI by `underlying|expiry|strike`. */
export type PrevOi = Map<string, { call: number | null; put: number | null }>;

const PREV_COLUMNS = ['underlying', 'expiry', 'strike', 'ce_prev_oi', 'pe_prev_oi'] as const;

/** Reads a file of the previous session's closing OI. @throws DayFileRefused */
export async function readPrevOi(file: string): Promise<PrevOi> {
  const prev: PrevOi = new Map();
  for await (const { cells, line } of csvRows(file, PREV_COLUMNS)) {
    const fail = (why: string): DayFileRefused => new DayFileRefused(`${file}, line ${line}: ${why}`);
    const [underlying = '', expiry = '', strike = '', call = '', put = ''] = cells;
    const key = prevOiKey(underlying, expiry, number(strike, 'strike', fail) ?? NaN);
    prev.set(key, { call: count(call, 'ce_prev_oi', fail), put: count(put, 'pe_prev_oi', fail) });
  }
  return prev;
}

export function prevOiKey(underlying: string, expiry: IsoDate, strike: number): string {
  return `${underlying}|${expiry}|${strike}`;
}

async function* csvRows(
  file: string,
  columns: readonly string[],
): AsyncGenerator<{ cells: string[]; line: number }> {
  const text = new LineLimit(file);
  const stages = file.endsWith('.gz')
    ? [createReadStream(file), createGunzip(), text]
    : [createReadStream(file), text];
  let broken: Error | null = null;
  pipeline(stages, (error) => {
    broken = error ?? null;
  });
  let line = 0;
  let blank = 0;
  try {
    for await (const raw of createInterface({ input: text, crlfDelay: Infinity })) {
      line += 1;
      if (line === 1) checkHeader(file, raw, columns);
      else if (raw === '' && ++blank > BLANK_LINES)
        throw new DayFileRefused(`${file}, line ${line}: too many empty lines.`);
      else if (raw !== '') yield { cells: raw.split(','), line };
    }
  } catch (error) {
    if (error instanceof DayFileRefused || !broken) throw error;
  }
  const cause = broken as Error | null;
  if (cause instanceof DayFileRefused) throw cause;
  if (cause) throw new DayFileRefused(`${file} cannot be read: ${cause.message}.`, { cause });
  if (line === 0) throw new DayFileRefused(`${file} is empty.`);
}

/** Lets lines through that are no longer than a row can be: the reader keeps a line in memory until it ends. */
class LineLimit extends Transform {
  private length = 0;

  constructor(private readonly file: string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      if (this.length + end - from > LONGEST_LINE_BYTES) return done(this.refusal());
      this.length = 0;
      from = end + 1;
    }
    this.length += chunk.length - from;
    if (this.length > LONGEST_LINE_BYTES) done(this.refusal());
    else done(null, chunk);
  }

  private refusal(): DayFileRefused {
    return new DayFileRefused(`${this.file} has a line longer than ${LONGEST_LINE_BYTES} bytes.`);
  }
}

function checkHeader(file: string, header: string, columns: readonly string[]): void {
  if (header.trim() !== columns.join(','))
    throw new DayFileRefused(`${file}: the first line must be ${columns.join(',')}.`);
}

function sameChain(a: RecordedChain, b: RecordedChain): boolean {
  return a.time === b.time && a.underlying === b.underlying && a.expiry === b.expiry;
}

type Fail = (why: string) => DayFileRefused;

function parseRow(cells: readonly string[], fail: Fail): RecordedChain {
  if (cells.length !== DAY_COLUMNS.length)
    throw fail(`${cells.length} cells instead of ${DAY_COLUMNS.length}.`);
  const [ts, underlying, spot, expiry, strikeText, ...legs] = cells as [
    string,
    string,
    string,
    string,
    string,
  ];
  const time = parseInstant(ts);
  if (time === null) throw fail(`no time: ${ts}`);
  if (!/^\w[\w&.-]{0,39}$/.test(underlying)) throw fail('no symbol of an underlying.');
  if (!isIsoDate(expiry)) throw fail(`no expiry date: ${expiry}`);
  const strike = price(strikeText, 'strike', fail);
  if (strike === null || strike <= 0) throw fail('no strike.');
  const [ce, pe] = [leg(legs.slice(0, 3), 'ce', fail), leg(legs.slice(3), 'pe', fail)];
  return {
    time,
    underlying,
    expiry,
    spot: price(spot, 'spot', fail),
    strikes: [{ strike, call: ce, put: pe }],
  };
}

function leg(cells: readonly string[], side: string, fail: Fail): LegQuote {
  const [oi = '', ltp = '', volume = ''] = cells;
  return {
    oi: count(oi, `${side}_oi`, fail),
    ltp: price(ltp, `${side}_ltp`, fail),
    volume: count(volume, `${side}_volume`, fail),
    prevOi: null,
  };
}

/** Units, as the broker's answers are judged. */
function count(text: string, name: string, fail: Fail): number | null {
  const value = number(text, name, fail);
  if (value !== null && !isCount(value)) throw fail(`${name} is no count of units: ${text}`);
  return value;
}

/** Rupees, as the broker's answers are judged. */
function price(text: string, name: string, fail: Fail): number | null {
  const value = number(text, name, fail);
  if (value !== null && !isPrice(value)) throw fail(`${name} is no price: ${text}`);
  return value;
}

function number(text: string, name: string, fail: Fail): number | null {
  if (text === '') return null;
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value)) throw fail(`${name} is no number: ${text}`);
  return value;
}
