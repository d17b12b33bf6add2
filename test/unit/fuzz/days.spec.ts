import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_COLUMNS, DayFileRefused, readDay } from '../../../server/snapshot/days/day-file.js';
import { fuzz } from '../../support/fuzz.js';

const dir = mkdtempSync(join(tmpdir(), 'oi-tracker-days-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const GOOD = '2026-08-18T10:00:00+05:30,NIFTY,24000.5,2026-08-25,24000,650,10.05,1300,0,,'.split(',');
const junk = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[,\r\n]/g, ' ')),
  fc.constantFrom(
    '',
    '-1',
    '0',
    '650.5',
    '1e9',
    '0x10',
    'NaN',
    'Infinity',
    '9007199254740993',
    '1'.repeat(400),
  ),
  fc.constantFrom(
    '2026-02-30T10:00:00+05:30',
    '2026-08-18T24:00:00+05:30',
    '2026-08-18T10:00:00',
    '2026-02-30',
  ),
);
const row = fc
  .array(fc.tuple(fc.nat(GOOD.length - 1), junk), { maxLength: 2 })
  .map((spoils) => spoils.reduce((cells, [at, text]) => cells.with(at, text), GOOD).join(','));

async function read(file: string): Promise<Awaited<ReturnType<typeof collect>> | null> {
  try {
    return await collect(file);
  } catch (error) {
    if (error instanceof DayFileRefused) return null;
    throw error;
  }
}

async function collect(file: string) {
  const chains = [];
  for await (const chain of readDay(file)) chains.push(chain);
  return chains;
}

const isCount = (value: number | null): boolean =>
  value === null || (Number.isSafeInteger(value) && value >= 0);
const isPrice = (value: number | null): boolean => value === null || (value >= 0 && value <= 1e9);

describe('a recorded day, whatever its cells are', () => {
  it('should bring counts, prices and times that stand in it, or be refused', async () => {
    const file = join(dir, 'day.csv');
    await fuzz(
      'days: rows',
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 3 }), async (rows) => {
        writeFileSync(file, [DAY_COLUMNS.join(','), ...rows].join('\n'));
        for (const { time, spot, strikes } of (await read(file)) ?? []) {
          const told = rows.map((text) => text.slice(0, 16));
          expect(told).toContain(new Date(time + 330 * 60_000).toISOString().slice(0, 16));
          expect(isPrice(spot)).toBe(true);
          for (const { strike, call, put } of strikes)
            for (const leg of [call!, put!]) {
              expect([leg.oi, leg.volume].every(isCount)).toBe(true);
              expect(strike > 0 && isPrice(strike) && isPrice(leg.ltp)).toBe(true);
            }
        }
      }),
    );
  });
});
