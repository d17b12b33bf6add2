import { isAscii } from 'node:buffer';

/** Larger texts are no longer made in the young part of the heap, which costs a third more. */
const WINDOW_BYTES = 64 * 1024;

/**
 * The bytes of a chunk as text, a window at a time: reading a text is faster than reading bytes. Only plain ASCII is made
 * into text, where a place in the one is a place in the other.
 */
export class TextWindow {
  private bytes: Buffer | null = null;
  private from = 0;
  private to = 0;
  private text: string | null = null;

  /** @param size of a window in bytes; another one than the default is for tests. */
  constructor(private readonly size = WINDOW_BYTES) {}

  /**
   * The text around `at`, of which an eighth of a window at least follows, or all that there is.
   * @returns `null` when it is not plain ASCII.
   */
  around(bytes: Buffer, at: number): string | null {
    const known = bytes === this.bytes && at >= this.from && at < this.to;
    const enough = this.to - at >= this.size / 8 || this.to === bytes.length;
    if (!known || !enough) this.move(bytes, at);
    return this.text;
  }

  /** Where the text of `around` begins in the bytes. */
  get start(): number {
    return this.from;
  }

  /** Forgets the bytes, which may be used for something else. */
  clear(): void {
    this.bytes = null;
    this.text = null;
  }

  private move(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.from = at;
    this.to = Math.min(at + this.size, bytes.length);
    const window = bytes.subarray(at, this.to);
    this.text = isAscii(window) ? window.toString('latin1') : null;
  }
}
