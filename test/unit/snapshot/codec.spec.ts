import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import { CorruptSnapshot, decodeSnapshot, encodeSnapshot } from '../../../server/snapshot/codec.js';
import { aSnapshot } from '../../factories/chain.factory.js';
import { fuzz } from '../../support/fuzz.js';
import { snapshots } from './snapshots.js';

const headerOf = ({ slot, capturedAt, source, spot }: ChainSnapshot) => ({ slot, capturedAt, source, spot });

describe('stored snapshots', () => {
  it('should come back bit for bit, unknowns included', () => {
    fuzz(
      'stored: snapshots',
      fc.property(snapshots, (snapshot) => {
        expect(decodeSnapshot(headerOf(snapshot), encodeSnapshot(snapshot))).toStrictEqual({ ...snapshot });
      }),
    );
  });

  it('should report every flipped bit instead of answering other numbers', () => {
    const snapshot = aSnapshot();
    const good = encodeSnapshot(snapshot);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeSnapshot(headerOf(snapshot), bad)).toThrow(CorruptSnapshot);
    }
  });

  it('should report blocks that are cut, empty, random or of a newer format', () => {
    const snapshot = aSnapshot();
    const good = encodeSnapshot(snapshot);
    const newer = Buffer.from(good);
    newer[0] = 3;
    for (const bad of [
      Buffer.alloc(0),
      good.subarray(0, 4),
      good.subarray(0, good.length - 1),
      randomBytes(300),
      newer,
    ])
      expect(() => decodeSnapshot(headerOf(snapshot), bad)).toThrow(CorruptSnapshot);
  });

  it('should stay small: below 12 bytes a leg for four columns of a real-looking chain', () => {
    const strikes = Array.from({ length: 125 }, (_, i) => {
      const leg = (k: number) => ({
        oi: 65 * (1000 + i * 37 * k),
        prevOi: 65 * (900 + i * 31 * k),
        ltp: 0.05 * (i + k),
        volume: 65 * i * 900,
      });
      return { strike: 21_000 + 50 * i, call: leg(1), put: leg(3) };
    });
    expect(encodeSnapshot(aSnapshot({ strikes })).length / 250).toBeLessThan(12);
  });
});
