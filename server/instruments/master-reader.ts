import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MasterList } from './master-list.js';
import { ObjectSplitter } from './object-splitter.js';
import { refusalOf, tooLarge } from './read-refusals.js';
import { RowTaker } from './row-taker.js';

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

/** Larger than the default 16 KiB: a third of the time goes into handing chunks over otherwise. Taken up in some 5 ms. */
const CHUNK_BYTES = 1024 * 1024;
const PROGRESS_ROWS = 5_000;

/**
 * Reads a gzip instrument master as a stream. Rows of other segments are skipped without being parsed.
 * @param only exchanges to take; `null` for all.
 * @param onRows told now and then how many rows and compressed bytes were read.
 * @throws ImportRefused when the file is no complete gzip file with a JSON array of objects, or exceeds a limit.
 */
export async function readMaster(
  body: NodeJS.ReadableStream,
  only: ReadonlySet<string> | null,
  onRows?: (rows: number, bytes: number) => void,
  limits: ReadLimits = DEFAULT_LIMITS,
): Promise<ReadResult> {
  const list = new MasterList();
  const meter = new Meter();
  const taker = new RowTaker(list, only, () => {
    if (++list.rows > limits.rows) throw tooLarge(`more than ${limits.rows} rows`);
    if (list.rows % PROGRESS_ROWS === 0) onRows?.(list.rows, meter.bytes);
  });
  const { take, takeKnown } = taker;
  const splitter = new ObjectSplitter(take, { maxObject: limits.objectBytes, takeKnown });
  await pump(body, meter, splitter, limits.decompressedBytes);
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

/** Runs the file through the splitter. */
async function pump(
  body: NodeJS.ReadableStream,
  meter: Meter,
  splitter: ObjectSplitter,
  limit: number,
): Promise<void> {
  // What the splitter throws: the pipeline may report only that its streams were then aborted.
  let fault: unknown;
  const consume = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    try {
      await feed(chunks, splitter, limit);
    } catch (error) {
      fault = error;
      throw error;
    }
  };
  try {
    await pipeline(body, meter, createGunzip({ chunkSize: CHUNK_BYTES }), consume);
  } catch (error) {
    throw refusalOf(fault ?? error, meter.bytes);
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
