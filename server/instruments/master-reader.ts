import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ImportRefused, type ImportProgress } from './import-report.js';
import { MasterList } from './master-list.js';
import { parseMasterRow, RowRefused, SEGMENTS } from './master-row.js';
import { ObjectSplitter, SplitError } from './object-splitter.js';

/** Bounds of what is read: the real file has 58 MB and 125,000 rows. */
export interface ReadLimits {
  /** Bytes after decompression: a small file must not fill the memory or the disk. */
  decompressedBytes: number;
  objectBytes: number;
  rows: number;
}

export const DEFAULT_LIMITS: ReadLimits = {
  decompressedBytes: 512 * 1024 * 1024,
  objectBytes: 1024 * 1024,
  rows: 2_000_000,
};

export interface ReadResult {
  list: MasterList;
  /** Of the compressed file. */
  sha256: string;
  /** Size of the compressed file. */
  bytes: number;
}

/** Larger than the default 16 KiB: a third of the time goes into handing chunks over otherwise. */
const CHUNK_BYTES = 512 * 1024;
const PROGRESS_ROWS = 5_000;
const PREFIX = Buffer.from('"segment":"');
const EQUITY_TYPE = Buffer.from('"instrument_type":"EQ"');

/**
 * Reads a gzip instrument master as a stream. Rows of other segments are skipped without being parsed.
 * @param only exchanges to take; `null` for all.
 * @throws ImportRefused when the file is no complete gzip file with a JSON array of objects, or exceeds a limit.
 */
export async function readMaster(
  body: NodeJS.ReadableStream,
  only: ReadonlySet<string> | null,
  onProgress?: (progress: ImportProgress) => void,
  limits: ReadLimits = DEFAULT_LIMITS,
): Promise<ReadResult> {
  const list = new MasterList();
  const meter = new Meter();
  const take = rowTaker(list, only);
  const splitter = new ObjectSplitter((bytes, start, end) => {
    if (++list.rows > limits.rows) throw tooLarge(`more than ${limits.rows} rows`);
    take(bytes, start, end);
    if (list.rows % PROGRESS_ROWS === 0)
      onProgress?.({ rows: list.rows, bytes: meter.bytes, phase: 'reading' });
  }, limits.objectBytes);
  try {
    await pipeline(body, meter, createGunzip({ chunkSize: CHUNK_BYTES }), (chunks: AsyncIterable<Buffer>) =>
      feed(chunks, splitter, limits.decompressedBytes),
    );
  } catch (error) {
    throw refusalOf(error, meter.bytes);
  }
  list.finish();
  return { list, sha256: meter.hash.digest('hex'), bytes: meter.bytes };
}

/** Counts and hashes what passes through. */
class Meter extends Transform {
  bytes = 0;
  readonly hash = createHash('sha256');

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }
}

async function feed(chunks: AsyncIterable<Buffer>, splitter: ObjectSplitter, limit: number): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(`more than ${limit} bytes when decompressed`);
    splitter.push(chunk);
  }
  splitter.end();
}

function rowTaker(list: MasterList, only: ReadonlySet<string> | null) {
  return (bytes: Buffer, start: number, end: number): void => {
    const segment = peekSegment(bytes, start, end);
    if (segment !== null && isNameRow(segment, bytes, start, end)) takeName(list, bytes, start, end);
    const ours = segment === null || SEGMENTS.some((one) => one === segment);
    if (!ours || (segment !== null && only !== null && !only.has(segment.slice(0, 3)))) list.ignored += 1;
    else takeRow(list, bytes, start, end, only);
  };
}

/**
 * The value of `segment` without parsing the row; `null` where it is not written the usual way. An escaped quote in
 * another field cannot be mistaken for it: there, a backslash stands before the quote.
 */
function peekSegment(bytes: Buffer, start: number, end: number): string | null {
  const row = bytes.subarray(start, end);
  const at = row.indexOf(PREFIX);
  if (at < 0) return null;
  const from = at + PREFIX.length;
  const to = row.indexOf(0x22, from);
  return to < 0 ? null : row.toString('latin1', from, to);
}

/** Index rows and NSE share rows give underlyings their readable names. */
function isNameRow(segment: string, bytes: Buffer, start: number, end: number): boolean {
  if (segment.endsWith('_INDEX')) return true;
  if (segment !== 'NSE_EQ') return false;
  return bytes.subarray(start, end).includes(EQUITY_TYPE);
}

function takeName(list: MasterList, bytes: Buffer, start: number, end: number): void {
  const row = parse(bytes, start, end);
  if (row === null) return;
  const name = row['short_name'] ?? row['name'];
  const key = row['instrument_key'];
  if (typeof key === 'string' && typeof name === 'string' && name.trim() !== '')
    list.addName(key, name.trim());
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
  if (typeof segment === 'string' && !SEGMENTS.some((one) => one === segment)) {
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

function tooLarge(what: string): ImportRefused {
  return new ImportRefused(
    'too-large',
    `The instrument file was refused: it has ${what}, far more than the broker's list. Download it again.`,
  );
}

function refusalOf(error: unknown, bytes: number): ImportRefused {
  if (error instanceof ImportRefused) return error;
  if (error instanceof SplitError && bytes === 0)
    return new ImportRefused(
      'empty',
      'The instrument file is empty. Download it again; the list in use was kept.',
    );
  if (error instanceof SplitError) return splitRefusal(error);
  const code = (error as NodeJS.ErrnoException).code;
  const options = { cause: error };
  if (code === 'Z_BUF_ERROR')
    return new ImportRefused(
      'truncated',
      'The instrument file breaks off before its end. Download it again; the list in use was kept.',
      options,
    );
  if (typeof code === 'string' && code.startsWith('Z_'))
    return new ImportRefused(
      'not-gzip',
      'The file is not a gzip file, or is damaged. Give the .json.gz file as the broker offers it; the list in use was kept.',
      options,
    );
  return new ImportRefused(
    'source',
    `The instrument file could not be read (${(error as Error).message}). The list in use was kept.`,
    options,
  );
}

function splitRefusal(error: SplitError): ImportRefused {
  const advice = 'Download it again; the list in use was kept.';
  const words = `The instrument file was refused: ${error.message}. ${advice}`;
  return new ImportRefused(error.why, words, { cause: error });
}
