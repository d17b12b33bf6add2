/** The text is no JSON array of objects, or an object is larger than allowed. */
export class SplitError extends Error {
  override readonly name = 'SplitError';

  constructor(
    readonly why: 'not-json' | 'truncated' | 'too-large',
    message: string,
  ) {
    super(message);
  }
}

/** Called with the buffer that holds an object, and where it starts and ends (exclusive). Valid during the call only. */
export type OnObject = (bytes: Buffer, start: number, end: number) => void;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;

/** What may come next outside of objects. */
type Place = 'array' | 'first' | 'after' | 'next' | 'done';

/**
 * Cuts a JSON array of objects, arriving in chunks of any size, into its objects: brace depth, counted outside strings.
 * Objects are found, not validated; `JSON.parse` of each one does that. Only one unfinished object is kept in memory.
 */
export class ObjectSplitter {
  private place: Place = 'array';
  private rest: Buffer | null = null;
  private atStart = true;

  /** @param maxObject largest object in bytes. */
  constructor(
    private readonly onObject: OnObject,
    private readonly maxObject = 1 << 20,
  ) {}

  /** @throws SplitError when the text between objects is no array, or an object exceeds the limit. */
  push(chunk: Buffer): void {
    const bytes = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    const from = this.atStart ? afterByteOrderMark(bytes) : 0;
    if (from < 0) {
      this.rest = bytes;
      return;
    }
    this.atStart = false;
    const unfinished = this.scan(bytes, from);
    if (unfinished !== null && unfinished.length > this.maxObject) throw tooLarge(this.maxObject);
    // Copied, so that a few bytes do not hold the whole chunk in memory.
    this.rest = unfinished === null ? null : Buffer.from(unfinished);
  }

  /** @throws SplitError when the array was not closed. */
  end(): void {
    if (this.place === 'array') throw new SplitError('not-json', 'there is no JSON array in it');
    if (this.place !== 'done') throw new SplitError('truncated', 'the JSON array breaks off');
  }

  private scan(bytes: Buffer, from: number): Buffer | null {
    let i = from;
    while (i < bytes.length) {
      if (bytes[i] !== OPEN) {
        this.between(bytes[i++] as number);
        continue;
      }
      if (this.place !== 'first' && this.place !== 'next') throw this.unexpected(OPEN);
      const end = objectEnd(bytes, i);
      if (end < 0) return bytes.subarray(i);
      if (end - i > this.maxObject) throw tooLarge(this.maxObject);
      this.place = 'after';
      this.onObject(bytes, i, end);
      i = end;
    }
    return null;
  }

  /** One byte outside of objects. */
  private between(byte: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    if (byte === COMMA && this.place === 'after') this.place = 'next';
    else if (byte === ARRAY_OPEN && this.place === 'array') this.place = 'first';
    else if (byte === ARRAY_CLOSE && (this.place === 'after' || this.place === 'first')) this.place = 'done';
    else throw this.unexpected(byte);
  }

  private unexpected(byte: number): SplitError {
    const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
    return new SplitError('not-json', `unexpected ${shown} where a JSON array of objects was expected`);
  }
}

/** Index after the object's closing brace, or −1 when it is not in `bytes`. The hot loop of an import. */
function objectEnd(bytes: Buffer, start: number): number {
  const length = bytes.length;
  let depth = 0;
  let i = start;
  while (i < length) {
    const byte = bytes[i++];
    if (byte === QUOTE) {
      while (i < length) {
        const inner = bytes[i++];
        if (inner === QUOTE) break;
        if (inner === BACKSLASH) i++;
      }
    } else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return i;
  }
  return -1;
}

/** Index after a UTF-8 byte-order mark, 0 where there is none, −1 while too few bytes are known. */
function afterByteOrderMark(bytes: Buffer): number {
  if (bytes[0] !== 0xef) return 0;
  if (bytes.length < 3) return -1;
  return bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function tooLarge(limit: number): SplitError {
  return new SplitError('too-large', `a single record is larger than ${limit} bytes`);
}
