/** Reads what `ByteSink` wrote. @throws RangeError past the end, or for a number longer than eight bytes. */
export class ByteSource {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new RangeError('The block ends too early.');
    return this.bytes[this.at++]!;
  }

  varint(): number {
    const { bytes, at } = this;
    const end = bytes.length;
    // Nearly all numbers of a block are a byte or two long.
    if (at + 1 < end) {
      const low = bytes[at]!;
      const high = bytes[at + 1]!;
      if (low < 0x80) {
        this.at = at + 1;
        return low;
      }
      if (high < 0x80) {
        this.at = at + 2;
        return (low & 0x7f) | (high << 7);
      }
    }
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at >= end) throw new RangeError('The block ends inside a number.');
      const byte = bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.longVarint(value);
  }

  zigzag(): number {
    const value = this.varint();
    if (value < 0x80000000) return (value >>> 1) ^ -(value & 1);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    if (this.left < 8) throw new RangeError('The block ends inside a number.');
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** The next `size` bytes, as a view. */
  take(size: number): Buffer {
    if (size > this.left) throw new RangeError('The block ends too early.');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** The bytes after the first four of a long number. */
  private longVarint(low: number): number {
    let value = low;
    let weight = 2 ** 28;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
    }
    throw new RangeError('A number of the block is longer than eight bytes.');
  }
}
