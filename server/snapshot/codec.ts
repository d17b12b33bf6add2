import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CaptureSource, ChainSnapshot } from '../domain/snapshot.js';
import type { EpochMs, Slot } from '../domain/units.js';
import { ByteReader, ByteWriter } from './bytes.js';

/** A stored snapshot that does not match its checksum, or is not in a known format. The others stay readable. */
export class CorruptSnapshot extends Error {
  override readonly name = 'CorruptSnapshot';
}

const VERSION = 2;
/** Written before 22 November 2026; its checksum leaves out what stands beside the block. */
const VERSION_BLOCK_ONLY = 1;
const HEADER_BYTES = 5;
const PAISE = 100;
/** Bytes per inflated snapshot at most: 10,000 strikes. Guards against a corrupted block that inflates for ever. */
const MAX_RAW_BYTES = 1 << 20;

/**
 * Packs the columns of a snapshot: `[version u8][crc32, u32 LE][raw deflate of the body]`. The checksum covers the block
 * and what stands beside it in the row: slot, capture time, source and spot.
 * docs/storage.md describes the body. Comes back bit for bit, unknowns included.
 */
export function encodeSnapshot(snapshot: ChainSnapshot): Buffer {
  const writer = new ByteWriter();
  writer.varint(snapshot.strikes.length);
  writer.numbers(snapshot.strikes, PAISE);
  writer.bits(snapshot.present);
  writer.numbers(snapshot.oi, 1);
  writer.numbers(snapshot.prevOi, 1);
  writer.numbers(snapshot.ltp, PAISE);
  writer.numbers(snapshot.volume, 1);
  const packed = deflateRawSync(writer.toBuffer(), { level: 6 });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt32LE(crc32(packed, checksumOf(snapshot)), 1);
  return Buffer.concat([header, packed]);
}

/** What the row of a snapshot says beside the packed columns. */
export interface SnapshotHeader {
  slot: Slot;
  capturedAt: EpochMs;
  source: CaptureSource;
  spot: number | null;
}

/**
 * Unpacks what `encodeSnapshot` wrote.
 * @throws CorruptSnapshot when the bytes were changed, cut, or come from a newer version.
 */
export function decodeSnapshot(header: SnapshotHeader, payload: Buffer): ChainSnapshot {
  if (payload.length < HEADER_BYTES) throw new CorruptSnapshot('The stored snapshot is cut short.');
  const version = payload.readUInt8(0);
  if (version !== VERSION && version !== VERSION_BLOCK_ONLY)
    throw new CorruptSnapshot(`The stored snapshot has format ${version}; this version reads ${VERSION}.`);
  const packed = payload.subarray(HEADER_BYTES);
  const seed = version === VERSION ? checksumOf(header) : 0;
  if (crc32(packed, seed) !== payload.readUInt32LE(1))
    throw new CorruptSnapshot('The stored snapshot does not match its checksum.');
  try {
    const reader = new ByteReader(inflateRawSync(packed, { maxOutputLength: MAX_RAW_BYTES }));
    const strikes = reader.varint();
    const legs = strikes * 2;
    return {
      ...header,
      strikes: reader.numbers(strikes, PAISE),
      present: reader.bits(legs),
      oi: reader.numbers(legs, 1),
      prevOi: reader.numbers(legs, 1),
      ltp: reader.numbers(legs, PAISE),
      volume: reader.numbers(legs, 1),
    };
  } catch (error) {
    throw new CorruptSnapshot('The stored snapshot cannot be unpacked.', { cause: error });
  }
}

function checksumOf({ slot, capturedAt, source, spot }: SnapshotHeader): number {
  const bytes = Buffer.alloc(24);
  bytes.writeDoubleLE(slot, 0);
  bytes.writeDoubleLE(capturedAt, 8);
  // NaN stands for no spot; a spot is never NaN.
  bytes.writeDoubleLE(spot ?? NaN, 16);
  return crc32(source, crc32(bytes));
}
