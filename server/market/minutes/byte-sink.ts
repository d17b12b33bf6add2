/** Appends numbers to a buffer that grows, and is used again for the next block: no garbage per minute. */
export class ByteSink {
  private bytes: Buffer;
  private length = 0;

  constructor(capacity = 1 << 12) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  reset(): this {
    this.length = 0;
    return this;
  }

  get size(): number {
    return this.length;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a whole number from 0 to 2^53 − 1. */
  varint(value: number): void {
    if (this.length + 8 > this.bytes.length) this.grow(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Zigzag: 0, −1, 1, −2, 2 … become 0, 1, 2, 3, 4 …, then LEB128. For whole numbers below 2^52 either way. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  double(value: number): void {
    if (this.length + 8 > this.bytes.length) this.grow(8);
    this.bytes.writeDoubleLE(value, this.length);
    this.length += 8;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What was written, as a view that the next `reset` makes worthless. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private grow(need: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + need));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
