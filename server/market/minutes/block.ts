import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

/** Level 6 packs these blocks as well as 9 does, in half the time. */
const LEVEL = 6;
const HEADER_BYTES = 5;
/** No block inflates to more: 1.6 million legs of a key. Guards against one that inflates for ever. */
const MAX_RAW_BYTES = 1 << 26;
const MIN_CHUNK_BYTES = 1 << 10;

/** A stored block that does not match its checksum, is cut short, or has an unknown format. The others stay readable. */
export class CorruptBlock extends Error {
  override readonly name = 'CorruptBlock';
}

/**
 * `[version u8][crc32, u32 LE][content]`. The checksum covers the content and what stands beside it in the row.
 * @param beside such as the slot: a block that turns up under another one is noticed.
 */
export function seal(version: number, content: Uint8Array, beside = ''): Buffer {
  const sealed = Buffer.allocUnsafe(HEADER_BYTES + content.length);
  sealed.writeUInt8(version, 0);
  sealed.set(content, HEADER_BYTES);
  sealed.writeUInt32LE(crc32(sealed.subarray(HEADER_BYTES), crc32(beside)), 1);
  return sealed;
}

/**
 * The content of a sealed block.
 * @param what names the block in the error.
 * @throws CorruptBlock
 */
export function unseal(what: string, version: number, sealed: Buffer, beside = ''): Buffer {
  if (sealed.length < HEADER_BYTES) throw new CorruptBlock(`${what} is cut short.`);
  const found = sealed.readUInt8(0);
  if (found !== version)
    throw new CorruptBlock(`${what} has format ${found}; this version reads format ${version}.`);
  const content = sealed.subarray(HEADER_BYTES);
  if (crc32(content, crc32(beside)) !== sealed.readUInt32LE(1))
    throw new CorruptBlock(`${what} does not match its checksum.`);
  return content;
}

export function pack(bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, { level: LEVEL });
}

/**
 * As `pack`, for columns of small numbers, which repeat nothing but the byte before: looking for longer repetitions takes
 * twice the time to pack, and gives more bytes on recorded days. `unpack` reads both.
 */
export function packNumbers(bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, { level: LEVEL, strategy: constants.Z_RLE });
}

/** @throws Error from zlib when the bytes are not what `pack` or `packNumbers` made. */
export function unpack(bytes: Uint8Array): Buffer {
  // One output buffer for nearly every block; zlib's default of 16 kB would take many, and copy them together.
  const chunkSize = Math.max(MIN_CHUNK_BYTES, bytes.length * 4);
  return inflateRawSync(bytes, { maxOutputLength: MAX_RAW_BYTES, chunkSize });
}
