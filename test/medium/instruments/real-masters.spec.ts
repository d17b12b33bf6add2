import { createReadStream } from 'node:fs';
import { istAt } from '../../../server/domain/slot.js';
import type { ImportReport } from '../../../server/instruments/instruments.service.js';
import { describeWithData } from '../../support/shared-data.js';
import { instrumentsFixture, type Fixture } from './fixture.js';

const FILES = {
  december: 'instruments/upstox-nse-2025-12-23.json.gz',
  february: 'instruments/upstox-nse-2026-02-27.json.gz',
  august: 'instruments/upstox-complete-2026-08-18.json.gz',
  subset: 'instruments/upstox-subset-2026-08-18.json.gz',
};

describeWithData('real instrument masters', FILES, (files) => {
  let fixture: Fixture;
  const load = (file: string, asOf: number): Promise<ImportReport> =>
    fixture.service.importFrom(createReadStream(file), { source: 'real', asOf });

  beforeAll(async () => {
    fixture = await instrumentsFixture();
  });
  afterAll(() => fixture.database.close());

  it('should see re-used keys, moved expiries and new lots between December and February', async () => {
    const first = await load(files.december, istAt('2025-12-23', '06:30'));
    expect(first).toMatchObject({ rows: 77_709, contracts: 37_631, added: 37_631, refused: { count: 0 } });
    const second = await load(files.february, istAt('2026-02-27', '06:30'));
    expect(second).toMatchObject({
      rows: 99_389,
      contracts: 37_152,
      underlyings: 211,
      refused: { count: 0 },
    });
    expect(second).toMatchObject({ reusedKeys: 9_930, moved: 56, lotChanged: 261, rekeyed: 0 });
    expect(second.added + second.moved + (37_631 - second.expired - second.moved)).toBe(37_152);
  });

  it('should import the complete list and know every chain of it', async () => {
    const report = await load(files.august, istAt('2026-08-18', '06:30'));
    expect(report).toMatchObject({ rows: 125_004, contracts: 55_567, underlyings: 248 });
    expect(report.exchanges).toEqual(['BSE', 'MCX', 'NSE']);
    // The bullion index options of MCX point at a future that the list does not have.
    expect(report.refused.count).toBe(654);
    expect(report.refused.samples[0]?.reason).toContain('MCX_FO|568');
    const [nifty] = await fixture.service.underlyings('2026-08-18');
    expect(nifty).toMatchObject({
      symbol: 'NIFTY',
      name: 'Nifty 50',
      lotSize: 65,
      nearestExpiry: '2026-08-18',
    });
    expect((await fixture.service.chain(nifty!.key, '2026-08-18'))?.contracts).toHaveLength(210);
  });

  it('should answer warm lookups in less than 5 ms', async () => {
    const started = performance.now();
    for (let i = 0; i < 10; i++) {
      await fixture.service.underlyings('2026-08-18');
      await fixture.service.expiries('NSE_INDEX|Nifty 50', '2026-08-18');
      await fixture.service.chain('NSE_INDEX|Nifty 50', '2026-08-18');
    }
    expect((performance.now() - started) / 10).toBeLessThan(5);
  });

  it('should refuse a cut of the list that has lost nine tenths, and an older list', async () => {
    const before = await fixture.dump();
    await expect(load(files.subset, istAt('2026-08-18', '07:00'))).rejects.toMatchObject({
      why: 'too-small',
    });
    await expect(
      fixture.service.importFrom(createReadStream(files.february), { source: 'old' }),
    ).rejects.toMatchObject({ why: 'older' });
    expect(await fixture.dump()).toBe(before);
  });
});
