import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isoIst, istAt } from '../../../server/domain/slot.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { DAY_COLUMNS } from '../../../server/snapshot/days/day-file.js';
import { DayImport } from '../../../server/snapshot/days/day-import.js';
import { QualityService } from '../../../server/snapshot/quality-service.js';
import { DAY, NIFTY, at, openHouse, type House } from '../../support/house.js';

let house: House;
afterEach(() => house.close());

/** A day of one strike: `[time, OI, volume]` of both its legs. */
function dayFile(answers: readonly (readonly [time: string, oi: number, volume: number])[]): string {
  const rows = answers.map(([time, oi, volume]) => {
    const cells: Record<string, unknown> = {
      ts_iso: isoIst(at(time)),
      underlying: 'NIFTY',
      expiry: NIFTY.expiry,
      spot: 24_010,
      strike: 24_000,
    };
    for (const side of ['ce', 'pe'])
      Object.assign(cells, { [`${side}_oi`]: oi, [`${side}_ltp`]: 100, [`${side}_volume`]: volume });
    return DAY_COLUMNS.map((column) => cells[column] ?? '').join(',');
  });
  const file = join(house.dir, 'day.csv.gz');
  writeFileSync(file, gzipSync(`${[DAY_COLUMNS.join(','), ...rows].join('\n')}\n`));
  return file;
}

it('should change nothing when a day with refusals is imported again and again', async () => {
  house = await openHouse({ at: istAt('2026-08-19', '10:00') });
  // Every second answer is stale; never are three refused in a row.
  const answers = Array.from({ length: 12 }, (_, i): [string, number, number] => [
    `10:${String(i).padStart(2, '0')}`,
    6_500 + 65 * i,
    i % 2 === 0 ? 1_000 + i : 1,
  ]);
  const file = dayFile(answers);
  const first = await house.get(DayImport).run(file);
  expect(first).toMatchObject({ stored: 6, present: 0 });
  expect(first.refused).toHaveLength(6);
  const report = await house.get(QualityService).report(DAY);
  for (let i = 0; i < 3; i++)
    expect(await house.get(DayImport).run(file)).toMatchObject({ stored: 0, present: 6 });
  expect(await house.get(QualityService).report(DAY)).toEqual(report);
});

it('should still answer for a day that was imported before the first instrument list', async () => {
  house = await openHouse({ at: istAt('2026-08-19', '10:00'), listed: false });
  await house.get(DayImport).run(
    dayFile([
      ['10:00', 6_500, 1_000],
      ['10:03', 6_565, 1_100],
    ]),
  );
  const recorded = await house.get(InstrumentsService).resolve('NIFTY');
  expect(recorded?.key).toBe('IMPORTED|NIFTY');
  await house.importList();
  expect(await house.get(InstrumentsService).resolve('NIFTY')).toMatchObject({ key: NIFTY.underlying });
  const table = await house.chains.at(NIFTY, at('10:03'));
  const abs = table?.rows.find((row) => row.strike === 24_000)?.call?.changes[0]?.abs;
  expect([table?.slot, abs]).toEqual([at('10:03'), 65]);
});
