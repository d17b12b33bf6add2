import { CorruptBlock, pack, seal, unpack, unseal } from './block.js';
import type { UniverseColumns } from './universe.js';

/** Format of a stored universe; docs/storage.md describes it. */
export const UNIVERSE_VERSION = 1;

/** Packs the list of legs: counts, then each column as little-endian numbers, deflated. */
export function encodeUniverse(universe: UniverseColumns): Buffer {
  const { chainIds, chainStart, contractIds, strikes, sides, lots } = universe;
  const chains = chainIds.length;
  const legs = sides.length;
  const raw = Buffer.alloc(8 + 8 * chains + 17 * legs);
  let at = raw.writeUInt32LE(chains, 0);
  at = raw.writeUInt32LE(legs, at);
  for (const id of chainIds) at = raw.writeInt32LE(id, at);
  for (let chain = 0; chain < chains; chain++)
    at = raw.writeInt32LE(chainStart[chain + 1]! - chainStart[chain]!, at);
  for (const id of contractIds) at = raw.writeInt32LE(id, at);
  for (const strike of strikes) at = raw.writeDoubleLE(strike, at);
  for (const side of sides) at = raw.writeUInt8(side, at);
  for (const lot of lots) at = raw.writeInt32LE(lot, at);
  return seal(UNIVERSE_VERSION, pack(raw));
}

/** @throws CorruptBlock when the bytes were changed, cut, or come from a newer version. */
export function decodeUniverse(id: number, payload: Buffer): UniverseColumns {
  const what = `The list of contracts ${id}`;
  const content = unseal(what, UNIVERSE_VERSION, payload);
  try {
    return readColumns(unpack(content));
  } catch (error) {
    throw new CorruptBlock(`${what} cannot be unpacked.`, { cause: error });
  }
}

function readColumns(raw: Buffer): UniverseColumns {
  const chains = raw.readUInt32LE(0);
  const legs = raw.readUInt32LE(4);
  let at = 8;
  const ints = (count: number): Int32Array =>
    Int32Array.from({ length: count }, (_, i) => raw.readInt32LE(at + 4 * i));
  const next = <T>(bytes: number, read: () => T): T => {
    const column = read();
    at += bytes;
    return column;
  };
  const chainIds = next(4 * chains, () => ints(chains));
  const counts = next(4 * chains, () => ints(chains));
  const contractIds = next(4 * legs, () => ints(legs));
  const strikes = next(8 * legs, () =>
    Float64Array.from({ length: legs }, (_, i) => raw.readDoubleLE(at + 8 * i)),
  );
  const sides = next(legs, () => Uint8Array.from(raw.subarray(at, at + legs)));
  const lots = next(4 * legs, () => ints(legs));
  const chainStart = new Int32Array(chains + 1);
  counts.forEach((count, chain) => (chainStart[chain + 1] = chainStart[chain]! + count));
  return { chainIds, chainStart, contractIds, strikes, sides, lots };
}
