/** Column kinds: every known value is an exact multiple of 1/scale, or the column is kept as 64-bit floats. */
const SCALED = 0;
const FLOATS = 1;

/** Scaled values below this keep the zigzag difference of any two exact in a double. */
const MAX_SCALED = 2 ** 51;

/** Appends varints, bit fields and number columns to a growing buffer. */
export class ByteWriter {
  private bytes = Buffer.alloc(4096);
  private length = 0;

  /** Unsigned LEB128 of an integer from 0 to 2^53 − 1. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** One bit per element, least significant first. */
  bits(flags: Uint8Array): void {
    const size = Math.ceil(flags.length / 8);
    this.reserve(size);
    this.bytes.fill(0, this.length, this.length + size);
    for (let i = 0; i < flags.length; i++) if (flags[i]) this.bytes[this.length + (i >> 3)]! |= 1 << (i & 7);
    this.length += size;
  }

  /**
   * A column: kind, a bit per element (1 = known), then the known values — zigzag differences of `value · scale` where
   * every one is a whole number that gives the value back exactly, else 64-bit floats.
   */
  numbers(values: Float64Array, scale: number): void {
    const known = new Uint8Array(values.length);
    let exact = true;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      known[i] = 1;
      exact &&= isExact(value, scale);
    }
    this.varint(exact ? SCALED : FLOATS);
    this.bits(known);
    let previous = 0;
    for (let i = 0; i < values.length; i++) {
      if (!known[i]) continue;
      if (!exact) {
        this.double(values[i]!);
        continue;
      }
      const scaled = Math.round(values[i]! * scale);
      const difference = scaled - previous;
      this.varint(difference >= 0 ? difference * 2 : -difference * 2 - 1);
      previous = scaled;
    }
  }

  toBuffer(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private double(value: number): void {
    this.reserve(8);
    this.bytes.writeDoubleLE(value, this.length);
    this.length += 8;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + size));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

function isExact(value: number, scale: number): boolean {
  const scaled = Math.round(value * scale);
  // A negative zero would come back as zero: not bit for bit.
  return Math.abs(scaled) < MAX_SCALED && scaled / scale === value && !Object.is(value, -0);
}

/** Reads what `ByteWriter` wrote. @throws RangeError past the end. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  varint(): number {
    let value = 0;
    let weight = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
    }
    throw new RangeError('A number in the block is longer than eight bytes.');
  }

  bits(count: number): Uint8Array {
    const flags = new Uint8Array(count);
    const size = Math.ceil(count / 8);
    if (this.at + size > this.bytes.length) throw new RangeError('The block ends inside a bit field.');
    for (let i = 0; i < count; i++) flags[i] = (this.bytes[this.at + (i >> 3)]! >> (i & 7)) & 1;
    this.at += size;
    return flags;
  }

  /** A column of `count` numbers; NaN where unknown. */
  numbers(count: number, scale: number): Float64Array {
    const kind = this.varint();
    const known = this.bits(count);
    const values = new Float64Array(count).fill(NaN);
    let previous = 0;
    for (let i = 0; i < count; i++) {
      if (!known[i]) continue;
      if (kind === FLOATS) {
        values[i] = this.bytes.readDoubleLE(this.at);
        this.at += 8;
        continue;
      }
      const zigzag = this.varint();
      previous += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      values[i] = previous / scale;
    }
    return values;
  }
}
