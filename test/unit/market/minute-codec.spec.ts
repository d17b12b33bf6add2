import fc from 'fast-check';
import { CorruptBlock } from '../../../server/market/minutes/block.js';
import { CAPTURED, emptyFrame, MISSING, type MinuteFrame } from '../../../server/market/minutes/frame.js';
import { MinuteDecoder, MissingPredecessor } from '../../../server/market/minutes/minute-decoder.js';
import { DELTA, KEY, KEY_EVERY, MinuteEncoder } from '../../../server/market/minutes/minute-encoder.js';
import type { UniverseColumns } from '../../../server/market/minutes/universe.js';
import { decodeUniverse, encodeUniverse } from '../../../server/market/minutes/universe-codec.js';
import { aRun, at, aUniverse, meaningOf } from './minutes.js';
import * as frozen from './minutes-v1.js';
import { fuzz } from '../../support/fuzz.js';

function packAll(universe: UniverseColumns, frames: readonly MinuteFrame[]) {
  const encoder = new MinuteEncoder(universe);
  return frames.map((frame) => {
    const packed = encoder.encode(frame);
    encoder.accept(frame, packed.kind);
    return { slot: frame.slot, ...packed };
  });
}

/** A minute of two chains in which the first leg of each has this OI. */
function minute(universe: UniverseColumns, minutes: number, oi: number, marks = [CAPTURED, CAPTURED]) {
  const frame = emptyFrame(universe, at(minutes));
  frame.marks.set(marks);
  for (const start of universe.chainStart.subarray(0, 2)) frame.oi[start] = oi;
  return frame;
}

describe('minutes, packed', () => {
  it('should come back bit for bit, unknowns, prices off the tick and odd lots included', () => {
    fuzz(
      'stored: minutes',
      fc.property(aRun, ({ universe, frames }) => {
        const decoder = new MinuteDecoder(universe);
        packAll(universe, frames).forEach(({ slot, payload }, i) =>
          expect(meaningOf(universe, decoder.read(slot, payload))).toStrictEqual(
            meaningOf(universe, frames[i]!),
          ),
        );
      }),
    );
  });

  it('should give one column alone the same as among the others', () => {
    fc.assert(
      fc.property(aRun, ({ universe, frames }) => {
        const [all, oi] = [new MinuteDecoder(universe), new MinuteDecoder(universe, ['oi'])];
        for (const { slot, payload } of packAll(universe, frames)) {
          const { oi: expected } = all.read(slot, payload);
          const frame = oi.read(slot, payload);
          expect(frame.oi).toStrictEqual(expected);
          expect(frame.ltp.every(Number.isNaN)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('should carry a chain over minutes in which it was not captured', () => {
    const universe = aUniverse([2, 2]);
    const frames = [
      minute(universe, 0, 650),
      minute(universe, 1, 715, [CAPTURED, MISSING]),
      minute(universe, 2, 650),
    ];
    const packed = packAll(universe, frames);
    expect(packed[2]!.payload.length).toBeLessThan(packed[0]!.payload.length);
    const decoder = new MinuteDecoder(universe);
    const read = packed.map(({ slot, payload }) => meaningOf(universe, decoder.read(slot, payload)));
    expect(read).toStrictEqual(frames.map((frame) => meaningOf(universe, frame)));
  });

  it('should write a key at first, and then every fortieth minute', () => {
    const universe = aUniverse([2, 2]);
    const packed = packAll(
      universe,
      Array.from({ length: 82 }, (_, i) => minute(universe, i, 65 * i)),
    );
    expect(packed.flatMap(({ kind }, i) => (kind === KEY ? [i] : []))).toEqual([0, 40, 80]);
  });

  it('should write a key after `forget`', () => {
    const universe = aUniverse([2, 2]);
    const encoder = new MinuteEncoder(universe);
    encoder.accept(minute(universe, 0, 65), KEY);
    encoder.forget();
    expect(encoder.encode(minute(universe, 1, 65)).kind).toBe(KEY);
  });

  it('should write a minute anew as a key after which the deltas go on', () => {
    fuzz(
      'stored: a delta made a key',
      fc.property(aRun, fc.nat(), ({ universe, frames }, place) => {
        const packed = packAll(universe, frames);
        const anew = place % frames.length;
        const before = new MinuteDecoder(universe);
        const read = packed.slice(0, anew + 1).map(({ slot, payload }) => before.read(slot, payload));
        const values = read.at(-1)!;
        const key = new MinuteEncoder(universe).adopt(values).encode(values, KEY);
        const after = new MinuteDecoder(universe);
        [{ ...packed[anew]!, ...key }, ...packed.slice(anew + 1)].forEach(({ slot, payload }, i) =>
          expect(meaningOf(universe, after.read(slot, payload))).toStrictEqual(
            meaningOf(universe, frames[anew + i]!),
          ),
        );
      }),
    );
  });

  it('should read nothing between a missing minute and the next key', () => {
    const universe = aUniverse([2, 2]);
    const packed = packAll(
      universe,
      Array.from({ length: KEY_EVERY + 1 }, (_, i) => minute(universe, i, 65 * i)),
    );
    const decoder = new MinuteDecoder(universe);
    const read = (i: number): MinuteFrame => decoder.read(packed[i]!.slot, packed[i]!.payload);
    expect(read(0).oi[0]).toBe(0);
    expect(() => read(2)).toThrow(MissingPredecessor);
    expect(() => read(3)).toThrow(MissingPredecessor);
    expect(read(KEY_EVERY).oi[0]).toBe(65 * KEY_EVERY);
  });

  it('should detect any changed, missing or added byte', () => {
    const universe = aUniverse([5, 4]);
    const packed = packAll(universe, [minute(universe, 0, 6_500), minute(universe, 1, 6_565)]);
    fuzz(
      'stored: spoilt minutes',
      fc.property(
        fc.nat(1),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(2),
        (which, place, flip, how) => {
          const { slot, payload } = packed[which]!;
          const spoilt = Buffer.from(payload);
          spoilt[place % spoilt.length]! ^= flip;
          const bytes = [
            spoilt,
            payload.subarray(0, place % payload.length),
            Buffer.concat([payload, spoilt]),
          ][how]!;
          const decoder = new MinuteDecoder(universe);
          if (which === 1) decoder.read(packed[0]!.slot, packed[0]!.payload);
          expect(() => decoder.read(slot, bytes)).toThrow(CorruptBlock);
        },
      ),
    );
  });

  it('should refuse a minute of another universe, and one of a newer format', () => {
    const [universe, other] = [aUniverse([2, 2]), aUniverse([2, 3])];
    const { slot, payload } = packAll(universe, [minute(universe, 0, 65)])[0]!;
    expect(() => new MinuteDecoder(other).read(slot, payload)).toThrow(/its universe has 5/);
    const newer = Buffer.from(payload);
    newer.writeUInt8(2, 0);
    expect(() => new MinuteDecoder(universe).read(slot, newer)).toThrow(
      /format 2; this version reads format 1/,
    );
  });

  it('should be refused under another slot or another universe', () => {
    const universe = aUniverse([2, 2]);
    const { payload } = new MinuteEncoder(universe, 7).encode(minute(universe, 0, 65));
    expect(new MinuteDecoder(universe, undefined, 7).read(at(0), payload).oi[0]).toBe(65);
    expect(() => new MinuteDecoder(universe, undefined, 7).read(at(1), payload)).toThrow(CorruptBlock);
    expect(() => new MinuteDecoder(universe, undefined, 8).read(at(0), payload)).toThrow(CorruptBlock);
  });

  it('should say in a delta how far back its predecessor is', () => {
    const universe = aUniverse([2, 2]);
    const encoder = new MinuteEncoder(universe);
    encoder.accept(minute(universe, 0, 65), KEY);
    const { kind, payload } = encoder.encode(minute(universe, 7, 130));
    const decoder = new MinuteDecoder(universe);
    expect(kind).toBe(DELTA);
    expect(() => decoder.read(at(7), payload)).toThrow(/needs the one 7 min before it/);
  });
});

describe('minutes that were stored long ago', () => {
  const { universe, frames, payloads, UNIVERSE_ID } = frozen;

  it('should be read for ever, bit for bit', () => {
    const decoder = new MinuteDecoder(universe, undefined, UNIVERSE_ID);
    const read = payloads.map((payload, i) => meaningOf(universe, decoder.read(frames[i]!.slot, payload)));
    expect(read).toStrictEqual(frames.map((frame) => meaningOf(universe, frame)));
  });

  it('should be noticed when any one bit of them is changed', () => {
    payloads.forEach((payload, i) => {
      for (let bit = 0; bit < 8 * payload.length; bit++) {
        const spoilt = Buffer.from(payload);
        spoilt[bit >> 3]! ^= 1 << (bit & 7);
        const decoder = new MinuteDecoder(universe, undefined, UNIVERSE_ID);
        expect(() => decoder.read(frames[i]!.slot, spoilt)).toThrow(CorruptBlock);
      }
    });
  });
});

describe('a universe, packed', () => {
  it('should come back the same', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 20 }), (sizes) => {
        const universe = aUniverse(sizes, 550);
        expect(decodeUniverse(1, encodeUniverse(universe))).toStrictEqual(universe);
      }),
    );
  });

  it('should be refused when it was changed', () => {
    const payload = encodeUniverse(aUniverse([3, 5]));
    payload[payload.length - 2]! ^= 4;
    expect(() => decodeUniverse(7, payload)).toThrow(/contracts 7 does not match its checksum/);
  });
});
