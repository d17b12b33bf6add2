import { TextWindow } from './text-window.js';

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

/** Called with a text that holds an object, and where it starts and ends (exclusive). */
export type OnObject = (text: string, start: number, end: number) => void;

/** Takes the object that starts at a place, if it is one of a known spelling. @returns where it ends, or −1. */
export type TakeKnown = (text: string, start: number) => number;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const ARRAY_OPEN = 0x5b;
const ARRAY_CLOSE = 0x5d;

/** Bytes, several times the size of an object. */
const SOON = 4 * 1024;

/**
 * An object without another one in it; finds its end in half of the time that `objectEnd` takes. There is one way only to
 * go through a text: what goes back finds no other end.
 */
const FLAT = /\{[^"{}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}]*)*\}/y;

/** What may come next outside of objects. */
type Place = 'array' | 'first' | 'after' | 'next' | 'done';

export interface SplitterOptions {
  /** Largest object in bytes. */
  maxObject?: number;
  takeKnown?: TakeKnown;
  /** Another window than the usual one, for tests. */
  window?: TextWindow;
}

/**
 * Cuts a JSON array of objects, arriving in chunks of any size, into its objects: brace depth, counted outside strings.
 * Objects are found, not validated; `JSON.parse` of each one does that. Only one unfinished object is kept in memory.
 */
export class ObjectSplitter {
  private place: Place = 'array';
  private rest: Buffer | null = null;
  private atStart = true;
  private readonly maxObject: number;
  private readonly takeKnown: TakeKnown;
  private readonly window: TextWindow;

  constructor(
    private readonly onObject: OnObject,
    { maxObject = 1 << 20, takeKnown = () => -1, window = new TextWindow() }: SplitterOptions = {},
  ) {
    this.maxObject = maxObject;
    this.takeKnown = takeKnown;
    this.window = window;
  }

  /** @throws SplitError when the text between objects is no array, or an object exceeds the limit. */
  push(chunk: Buffer): void {
    const begun = this.finishRest(chunk);
    const bytes = this.rest === null ? chunk.subarray(begun) : Buffer.concat([this.rest, chunk]);
    const from = this.atStart ? afterByteOrderMark(bytes) : 0;
    if (from < 0) {
      this.rest = bytes;
      return;
    }
    this.atStart = false;
    const unfinished = this.scan(bytes, from);
    this.window.clear();
    if (unfinished !== null && unfinished.length > this.maxObject) throw tooLarge(this.maxObject);
    // Copied, so that a few bytes do not hold the whole chunk in memory.
    this.rest = unfinished === null ? null : Buffer.from(unfinished);
  }

  /**
   * Takes the object that an earlier chunk began, if it ends soon in this one: the whole chunk need not be copied then.
   * @returns how many bytes of the chunk belong to it.
   */
  private finishRest(chunk: Buffer): number {
    if (this.rest === null || this.atStart) return 0;
    const joined = Buffer.concat([this.rest, chunk.subarray(0, SOON)]);
    const end = objectEnd(joined, 0);
    if (end < 0) return 0;
    const begun = end - this.rest.length;
    this.rest = null;
    this.scan(joined.subarray(0, end), 0);
    return begun;
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
      const end = this.take(bytes, i);
      if (end < 0) return bytes.subarray(i);
      this.place = 'after';
      i = end;
    }
    return null;
  }

  /** Takes the object that starts at `i`. @returns where it ends, or −1 when that is not in `bytes`. */
  private take(bytes: Buffer, i: number): number {
    const text = this.window.around(bytes, i);
    const at = i - this.window.start;
    const flat = text === null ? -1 : this.takeFlat(text, at);
    if (flat >= 0) return i + flat - at;
    const end = objectEnd(bytes, i);
    if (end < 0) return -1;
    const size = end - i;
    if (size > this.maxObject) throw tooLarge(this.maxObject);
    if (text !== null && at + size <= text.length) this.onObject(text, at, at + size);
    else {
      const whole = bytes.toString('utf8', i, end);
      this.onObject(whole, 0, whole.length);
    }
    return end;
  }

  /** Takes an object that has no other one in it and ends in the text, as nearly all do. @returns where, or −1. */
  private takeFlat(text: string, at: number): number {
    const known = this.takeKnown(text, at);
    FLAT.lastIndex = at;
    const end = known >= 0 ? known : FLAT.test(text) ? FLAT.lastIndex : -1;
    if (end - at > this.maxObject) throw tooLarge(this.maxObject);
    if (end >= 0 && known < 0) this.onObject(text, at, end);
    return end;
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

/** Index after the object's closing brace, or −1 when it is not in `bytes`. */
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
