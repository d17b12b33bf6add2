import fc from 'fast-check';
import type { Slot } from '../../../server/domain/units.js';
import { CorruptSnapshot } from '../../../server/snapshot/codec.js';
import {
  decodeDay,
  encodeDay,
  slotsOfDay,
  type CountedSnapshot,
} from '../../../server/snapshot/day-codec.js';
import { sameDay } from '../../../server/snapshot/snapshot-days.js';
import { mergedDay } from '../../../server/snapshot/snapshot-packer.js';
import { aSnapshot } from '../../factories/chain.factory.js';
import { fuzz } from '../../support/fuzz.js';
import { seeded } from '../../support/seeded.js';
import { aDayOfSnapshots } from './snapshots.js';

const DATE = '2026-08-18';

const counted = (minute: number): CountedSnapshot => ({
  snapshot: aSnapshot({ minute }),
  unknownLegs: 1,
  phantomLegs: 0,
});

describe('a day of snapshots, packed', () => {
  it('should come back bit for bit, whatever strikes, unknowns, sources and odd numbers it holds', () => {
    fuzz(
      'stored: packed days',
      fc.property(aDayOfSnapshots, (day) => {
        const payload = encodeDay(7, DATE, day);
        expect(decodeDay(7, DATE, payload)).toStrictEqual(day);
        expect(slotsOfDay(7, DATE, payload)).toEqual(day.map(({ snapshot }) => snapshot.slot));
      }),
    );
  });

  it('should tell apart days that differ in one bit of anything', () => {
    const day = [counted(0), counted(1)];
    const [first, second] = day as [CountedSnapshot, CountedSnapshot];
    const { snapshot } = first;
    const spoilt = (column: 'strikes' | 'oi' | 'prevOi' | 'ltp' | 'volume') =>
      snapshot[column].map((value, i) => (i === 0 ? value + 1 : value));
    expect(sameDay(day, structuredClone(day))).toBe(true);
    for (const other of [
      { ...first, unknownLegs: 2 },
      { ...first, phantomLegs: 1 },
      { ...first, snapshot: { ...snapshot, slot: (snapshot.slot - 60_000) as Slot } },
      { ...first, snapshot: { ...snapshot, capturedAt: snapshot.capturedAt + 1 } },
      { ...first, snapshot: { ...snapshot, source: 'backfill' as const } },
      { ...first, snapshot: { ...snapshot, spot: null } },
      { ...first, snapshot: { ...snapshot, present: snapshot.present.map((flag) => 1 - flag) } },
      { ...first, snapshot: { ...snapshot, strikes: spoilt('strikes') } },
      { ...first, snapshot: { ...snapshot, oi: spoilt('oi') } },
      { ...first, snapshot: { ...snapshot, prevOi: spoilt('prevOi') } },
      { ...first, snapshot: { ...snapshot, ltp: spoilt('ltp') } },
      { ...first, snapshot: { ...snapshot, volume: spoilt('volume') } },
    ])
      expect(sameDay(day, [other, second])).toBe(false);
    expect(sameDay(day, [first])).toBe(false);
  });

  it('F29 should detect each of 10,000 flipped bits, and every cut', () => {
    const payload = encodeDay(7, DATE, [0, 1, 2, 3].map(counted));
    const random = seeded('flipped bits of a packed day');
    for (let i = 0; i < 10_000; i++) {
      const bad = Buffer.from(payload);
      bad[random.below(bad.length)]! ^= 1 << random.below(8);
      expect(() => decodeDay(7, DATE, bad)).toThrow(CorruptSnapshot);
    }
    for (let size = 0; size < payload.length; size++)
      expect(() => decodeDay(7, DATE, payload.subarray(0, size))).toThrow(CorruptSnapshot);
  });

  it('should be refused under another chain or another date, and from a newer version', () => {
    const payload = encodeDay(7, DATE, [counted(0)]);
    expect(() => decodeDay(8, DATE, payload)).toThrow(CorruptSnapshot);
    expect(() => decodeDay(7, '2026-08-19', payload)).toThrow(CorruptSnapshot);
    const newer = Buffer.from(payload);
    newer[0] = 2;
    expect(() => decodeDay(7, DATE, newer)).toThrow(/has format 2; this version reads 1/);
  });

  it('should take in what came late, and keep what was packed', () => {
    const [packed, late] = [
      [counted(0), counted(5)],
      [counted(3), { ...counted(5), unknownLegs: 9 }],
    ];
    const merged = mergedDay(packed, late);
    expect(merged).toEqual([counted(0), counted(3), counted(5)]);
  });
});
