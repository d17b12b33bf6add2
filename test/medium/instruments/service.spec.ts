import { istAt } from '../../../server/domain/slot.js';
import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import {
  chainRows,
  masterFile,
  mcxFutureRow,
  mcxOptionRow,
  NIFTY_INDEX,
  stockRow,
  streamOf,
} from '../../unit/instruments/master-rows.js';
import { brokerWith, instrumentsFixture, type Fixture } from './fixture.js';

const NIFTY = 'NSE_INDEX|Nifty 50';
const TODAY = '2026-08-18';
const ROWS = [
  mcxFutureRow(),
  mcxOptionRow(),
  stockRow('RELIANCE', 'INE002A01018', { instrument_key: 'NSE_FO|1' }),
  stockRow('M&M', 'INE101A01026', { instrument_key: 'NSE_FO|2', strike_price: 132.5 }),
  ...chainRows('2026-08-18', 3, 1000),
  ...chainRows('2026-08-25', 4, 2000, { weekly: false }),
  NIFTY_INDEX,
];

describe('instruments service', () => {
  let fixture: Fixture;
  let opened: string[];

  beforeEach(async () => {
    opened = [];
    const broker = brokerWith((name) => {
      opened.push(name);
      const file = masterFile(ROWS);
      return Promise.resolve({ body: streamOf(file), bytes: file.length });
    });
    fixture = await instrumentsFixture(broker);
  });
  afterEach(() => fixture.database.close());

  it('should say missing, importing with rows, then ready, and remember it after a restart', async () => {
    const { service, clock, database } = fixture;
    expect(service.status()).toEqual({ state: 'missing', rows: 0, asOf: null });
    const phases: string[] = [];
    const running = service.importFromBroker(undefined, ({ phase, totalBytes }) => {
      phases.push(phase);
      expect(totalBytes).toBeGreaterThan(0);
    });
    expect(service.status().state).toBe('importing');
    expect(service.needsImport(clock.now())).toBe(false);
    await running;
    expect(opened).toEqual(['complete']);
    expect(phases.at(-1)).toBe('writing');
    const ready = { state: 'ready', rows: ROWS.length, asOf: clock.now() };
    expect(service.status()).toEqual(ready);
    const restarted = new InstrumentsService(
      database.dataSource,
      database.writeQueue,
      brokerWith(() => Promise.reject(new Error('asked'))),
      clock,
    );
    await restarted.onModuleInit();
    expect(restarted.status()).toEqual(ready);
  });

  it('should need an import when there is none, and every morning from 06:00', async () => {
    const { service } = fixture;
    expect(service.needsImport(istAt(TODAY, '03:00'))).toBe(true);
    await service.importFromBroker();
    expect(service.needsImport(istAt(TODAY, '23:59'))).toBe(false);
    expect(service.needsImport(istAt('2026-08-19', '05:59'))).toBe(false);
    expect(service.needsImport(istAt('2026-08-19', '06:00'))).toBe(true);
  });

  it('should need an import at night when the list is older than the last morning', async () => {
    const { service } = fixture;
    await service.importFromBroker();
    // Of 18 August 11:00: what began at 06:00 on the 19th is missing from then on, through the next night as well.
    expect(service.needsImport(istAt('2026-08-19', '00:00'))).toBe(false);
    expect(service.needsImport(istAt('2026-08-20', '00:00'))).toBe(true);
    expect(service.needsImport(istAt('2026-08-22', '05:59'))).toBe(true);
  });

  it('should be failed, and still answer, when the broker cannot be reached', async () => {
    const down = await instrumentsFixture(
      brokerWith(() => Promise.reject(new BrokerError('unreachable', 'No answer.'))),
    );
    await down.load(ROWS);
    await expect(down.service.importFromBroker()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(down.service.status()).toMatchObject({
      state: 'failed',
      asOf: down.clock.now(),
      problem: 'No answer.',
    });
    expect(await down.service.underlyings(TODAY)).toHaveLength(4);
    await down.database.close();
  });

  it('should download only the exchange that was asked for', async () => {
    await fixture.service.importFromBroker(['MCX']);
    await fixture.service.importFromBroker(['NSE', 'MCX']);
    expect(opened).toEqual(['MCX', 'complete']);
  });

  it('should list what can be picked, indices first, with the lot and expiry to come', async () => {
    await fixture.service.importFromBroker();
    expect(await fixture.service.underlyings(TODAY)).toEqual([
      {
        key: NIFTY,
        symbol: 'NIFTY',
        name: 'Nifty 50',
        exchange: 'NSE',
        kind: 'INDEX',
        lotSize: 65,
        nearestExpiry: TODAY,
      },
      {
        key: 'NSE_EQ|INE101A01026',
        symbol: 'M&M',
        name: 'M&M LIMITED',
        exchange: 'NSE',
        kind: 'EQUITY',
        lotSize: 500,
        nearestExpiry: TODAY,
      },
      {
        key: 'NSE_EQ|INE002A01018',
        symbol: 'RELIANCE',
        name: 'RELIANCE LIMITED',
        exchange: 'NSE',
        kind: 'EQUITY',
        lotSize: 500,
        nearestExpiry: TODAY,
      },
      {
        key: 'MCX_COM|294',
        symbol: 'CRUDEOIL',
        name: 'CRUDE OIL',
        exchange: 'MCX',
        kind: 'COMMODITY',
        lotSize: 100,
        nearestExpiry: '2026-09-17',
      },
    ]);
    expect((await fixture.service.underlyings('2026-08-19')).map(({ symbol }) => symbol)).toEqual([
      'NIFTY',
      'CRUDEOIL',
    ]);
  });

  it('should count days to each expiry and mark the weekly ones', async () => {
    await fixture.service.importFromBroker();
    expect(await fixture.service.expiries(NIFTY, TODAY)).toEqual([
      { expiry: TODAY, daysToExpiry: 0, weekly: true, contracts: 6 },
      { expiry: '2026-08-25', daysToExpiry: 7, weekly: false, contracts: 8 },
    ]);
    expect(await fixture.service.expiries('NSE_INDEX|None', TODAY)).toEqual([]);
  });

  it('should list a chain by strike, the call before the put', async () => {
    await fixture.service.importFromBroker();
    const chain = await fixture.service.chain(NIFTY, TODAY);
    expect(chain?.contracts.map(({ strike, side, instrumentKey }) => [strike, side, instrumentKey])).toEqual([
      [24000, 'call', 'NSE_FO|1000'],
      [24000, 'put', 'NSE_FO|1001'],
      [24050, 'call', 'NSE_FO|1002'],
      [24050, 'put', 'NSE_FO|1003'],
      [24100, 'call', 'NSE_FO|1004'],
      [24100, 'put', 'NSE_FO|1005'],
    ]);
    expect(await fixture.service.chain(NIFTY, '2026-01-01')).toBeNull();
    expect((await fixture.service.chain('NSE_EQ|INE101A01026', TODAY))?.contracts[0]?.strike).toBe(132.5);
  });

  it('should find an underlying by key or symbol, in any case', async () => {
    await fixture.service.importFromBroker();
    for (const name of [NIFTY, 'NIFTY', 'nifty'])
      expect((await fixture.service.resolve(name))?.key).toBe(NIFTY);
    expect(await fixture.service.resolve('NIFTY 51')).toBeNull();
  });

  describe('contracts of recorded days', () => {
    it('should find a place without a list, and keep it when a list with the symbol comes', async () => {
      const { service } = fixture;
      expect(await service.ensureContracts('NIFTY', '2026-08-25', [24000, 24050])).toBe('IMPORTED|NIFTY');
      expect(await service.ensureContracts('NIFTY', '2026-08-25', [24000, 24050])).toBe('IMPORTED|NIFTY');
      const recorded = await service.chain('IMPORTED|NIFTY', '2026-08-25');
      expect(recorded?.underlying).toMatchObject({
        symbol: 'NIFTY',
        kind: 'INDEX',
        exchange: 'NSE',
        lotSize: null,
      });
      expect(
        recorded?.contracts.map(({ strike, side, instrumentKey }) => [strike, side, instrumentKey]),
      ).toEqual([
        [24000, 'call', null],
        [24000, 'put', null],
        [24050, 'call', null],
        [24050, 'put', null],
      ]);
      const report = await service.importFromBroker();
      expect(report.rekeyed).toBe(0);
      const listed = await service.chain(NIFTY, '2026-08-25');
      expect(listed?.underlying.id).toBe(recorded?.underlying.id);
      expect(listed?.contracts[0]).toMatchObject({
        id: recorded?.contracts[0]?.id,
        instrumentKey: 'NSE_FO|2000',
        lotSize: 65,
      });
    });

    it('should take the listed underlying, and not put extra strikes into its live chain', async () => {
      const { service } = fixture;
      await service.importFromBroker();
      expect(await service.ensureContracts('NIFTY', TODAY, [24000, 30000])).toBe(NIFTY);
      expect((await service.chain(NIFTY, TODAY))?.contracts).toHaveLength(6);
      expect(await service.ensureContracts('NIFTY', '2026-01-27', [24000])).toBe(NIFTY);
      expect((await service.chain(NIFTY, '2026-01-27'))?.contracts).toHaveLength(2);
      expect((await service.expiries(NIFTY, '2026-01-01')).map((one) => one.expiry)).toEqual([
        TODAY,
        '2026-08-25',
      ]);
    });

    it('should know the BSE indices, and take any other symbol for a share', async () => {
      const { service } = fixture;
      await service.ensureContracts('SENSEX', '2026-08-20', [80000]);
      await service.ensureContracts('M&M', '2026-08-25', [3000]);
      expect(await service.resolve('SENSEX')).toMatchObject({ exchange: 'BSE', kind: 'INDEX' });
      expect(await service.resolve('M&M')).toMatchObject({
        exchange: 'NSE',
        kind: 'EQUITY',
        key: 'IMPORTED|M&M',
      });
    });
  });
});
