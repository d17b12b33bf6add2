import fc from 'fast-check';
import { CorruptBlock } from '../../../server/market/minutes/block.js';
import { ChainDays, snapshotsOf, type ChainDay } from '../../../server/market/minutes/chain-day.js';
import { decodeChunk, encodeChunk } from '../../../server/market/minutes/day-chunk.js';
import { mergeDays, sameDay } from '../../../server/market/minutes/day-packer.js';
import { CAPTURED, COLUMNS, emptyFrame, isCaptured } from '../../../server/market/minutes/frame.js';
import type { Universe } from '../../../server/market/minutes/universe.js';
import { aRun, at, aUniverse } from './minutes.js';
import { fuzz } from '../../support/fuzz.js';

const DATE = '2026-08-18';

/** The chains of a run of minutes, transposed. */
function daysOf({ universe, frames }: typeof aRun extends fc.Arbitrary<infer R> ? R : never): ChainDay[] {
  const stored: Universe = { ...universe, id: 1, validFrom: 0 };
  const days = new ChainDays(new Set(universe.chainIds));
  for (const frame of frames) days.take(stored, frame);
  return [...days.all().values()];
}

describe('a day of a chain, packed', () => {
  it('should hold what the minutes hold', () => {
    fc.assert(
      fc.property(aRun, (run) => {
        for (const day of daysOf(run)) {
          const chain = run.universe.chainIds.indexOf(day.chainId);
          const from = run.universe.chainStart[chain]!;
          day.slots.forEach((slot, i) => {
            const frame = run.frames.find((one) => one.slot === slot)!;
            expect(day.marks[i]).toBe(frame.marks[chain]);
            if (!isCaptured(day.marks[i]!)) return;
            day.values.forEach((values, leg) => {
              for (const column of COLUMNS) expect(values[column][i]).toBe(frame[column][from + leg]);
            });
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('should come back bit for bit, as a whole and one contract at a time', () => {
    fc.assert(
      fc.property(aRun, (run) => {
        for (const day of daysOf(run)) {
          const payload = encodeChunk(day, DATE);
          expect(sameDay(decodeChunk(day.chainId, DATE, payload), day)).toBe(true);
          day.legs.forEach((leg, i) => {
            const one = decodeChunk(day.chainId, DATE, payload, leg.contractId);
            expect(one.legs).toEqual([leg]);
            expect(one.values[0]).toStrictEqual(day.values[i]);
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('should tell apart days that differ in one bit of anything', () => {
    const [day] = daysOf({ universe: aUniverse([2]), frames: [aFrame(0, 650)] }) as [ChainDay];
    const changed: ChainDay[] = [
      { ...day, slots: [at(1)] },
      { ...day, marks: [CAPTURED + 1] },
      { ...day, legs: [{ ...day.legs[0]!, strike: 101 }, day.legs[1]!] },
      { ...day, values: [{ ...day.values[0]!, oi: [651] }, day.values[1]!] },
    ];
    expect(sameDay(day, structuredClone(day))).toBe(true);
    for (const other of changed) expect(sameDay(day, other)).toBe(false);
  });

  it('should merge minutes that came late, and keep what was there', () => {
    const universe = aUniverse([2]);
    const [packed] = daysOf({ universe, frames: [aFrame(0, 650), aFrame(5, 700)] }) as [ChainDay];
    const [late] = daysOf({ universe, frames: [aFrame(2, 660), aFrame(5, 999)] }) as [ChainDay];
    const merged = mergeDays(packed, late);
    expect(merged.slots).toEqual([at(0), at(2), at(5)]);
    expect(merged.values[0]!.oi).toEqual([650, 660, 700]);
  });

  it('should detect any changed or missing byte', () => {
    const [day] = daysOf({ universe: aUniverse([6]), frames: [aFrame(0, 650), aFrame(1, 700)] }) as [
      ChainDay,
    ];
    const payload = encodeChunk(day, DATE);
    fuzz(
      'stored: spoilt chunks',
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (place, flip, isCut) => {
        const spoilt = Buffer.from(payload);
        spoilt[place % spoilt.length]! ^= flip;
        const bytes = isCut ? payload.subarray(0, place % payload.length) : spoilt;
        expect(() => decodeChunk(1, DATE, bytes)).toThrow(CorruptBlock);
      }),
    );
  });

  it('should be refused under another chain or another date', () => {
    const [day] = daysOf({ universe: aUniverse([2]), frames: [aFrame(0, 650)] }) as [ChainDay];
    const payload = encodeChunk(day, DATE);
    expect(() => decodeChunk(day.chainId + 1, DATE, payload)).toThrow(CorruptBlock);
    expect(() => decodeChunk(day.chainId, '2026-08-19', payload)).toThrow(CorruptBlock);
  });

  it('should give captured minutes as snapshots: spot, and the strikes and legs that have any value', () => {
    const universe = aUniverse([8]);
    const frame = aFrame(0, 650, 8);
    frame.ltp[7] = 24_130.55;
    frame.volume[5] = 130;
    const [day] = daysOf({ universe, frames: [frame] }) as [ChainDay];
    const [snapshot] = snapshotsOf(day);
    expect(snapshot).toMatchObject({
      slot: at(0),
      capturedAt: at(0) + 9_000,
      spot: 24_130.55,
      source: 'live',
    });
    expect([...snapshot!.strikes]).toEqual([100, 110]);
    expect([...snapshot!.present]).toEqual([1, 0, 0, 1]);
    expect(snapshot!.oi[0]).toBe(650);
    expect(snapshot!.volume[3]).toBe(130);
  });
});

/** A minute of one chain whose first leg has this OI. */
function aFrame(minute: number, oi: number, legs = 2) {
  const frame = emptyFrame(aUniverse([legs]), at(minute));
  frame.marks[0] = CAPTURED + 9;
  frame.oi[0] = oi;
  return frame;
}
