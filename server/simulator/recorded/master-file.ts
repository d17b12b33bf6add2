import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { InstrumentRow } from '../market.js';
import { readChunks } from './gzip-file.js';

const compress = promisify(gzip);
const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];

/** Cuts a JSON array of objects into the texts of its objects, chunk by chunk: brace depth outside of strings. */
class ObjectSplitter {
  private depth = 0;
  private inString = false;
  private escaped = false;
  private rest: Buffer = Buffer.alloc(0);
  private start = -1;

  constructor(private readonly each: (text: string) => void) {}

  push(chunk: Buffer): void {
    const from = this.rest.length;
    const all = from === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let i = from; i < all.length; i++) this.step(all, i);
    this.rest = this.start < 0 ? Buffer.alloc(0) : Buffer.from(all.subarray(this.start));
    this.start = this.start < 0 ? -1 : 0;
  }

  private step(all: Buffer, i: number): void {
    const byte = all[i];
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) this.inString = false;
    } else if (byte === QUOTE) this.inString = true;
    else if (byte === OPEN && this.depth++ === 0) this.start = i;
    else if (byte === CLOSE && --this.depth === 0) {
      this.each(all.toString('utf8', this.start, i + 1));
      this.start = -1;
    }
  }

  /** @throws Error when the array broke off. */
  end(): void {
    if (this.depth !== 0) throw new Error('the instrument master breaks off in the middle');
  }
}

function readObjects(file: string, each: (text: string) => void): Promise<void> {
  return readChunks(file, async (chunks) => {
    const splitter = new ObjectSplitter(each);
    for await (const chunk of chunks) splitter.push(chunk);
    splitter.end();
  });
}

/** Equities are kept only when contracts hang on them: the file holds 60,000 others. */
function isDerivativeOrIndex(row: InstrumentRow): boolean {
  return row.expiry !== undefined || row.instrument_type === 'INDEX';
}

/**
 * Reads the broker's instrument master (`.json.gz` or `.json`): all derivative contracts, all indices, and the
 * equities that contracts hang on.
 * @throws Error in words when the file is cut short or is not JSON.
 */
export async function readMaster(file: string): Promise<InstrumentRow[]> {
  const rows: InstrumentRow[] = [];
  const others = new Map<string, InstrumentRow>();
  await readObjects(file, (text) => {
    const row = JSON.parse(text) as InstrumentRow;
    if (isDerivativeOrIndex(row)) rows.push(row);
    else others.set(row.instrument_key, row);
  });
  if (rows.length === 0) throw new Error(`${file}: holds no derivative contracts`);
  const wanted = new Set(rows.map((r) => r.underlying_key));
  const underlyings = [...wanted].map((key) => others.get(key ?? '')).filter((r) => r !== undefined);
  return [...underlyings, ...rows];
}

/** All rows of one exchange, as the broker's per-exchange file. */
export async function filterMaster(file: string, exchange: string): Promise<Buffer> {
  const kept: string[] = [];
  await readObjects(file, (text) => {
    if ((JSON.parse(text) as InstrumentRow).exchange === exchange) kept.push(text);
  });
  return compress(`[${kept.join(',')}]`);
}
