import { gzipSync } from 'node:zlib';
import { istAt, istMidnight } from '../../../server/domain/slot.js';
import {
  chainRows,
  mcxFutureRow,
  mcxOptionRow,
  NIFTY_INDEX,
  optionRow,
  stockRow,
  streamOf,
} from '../../unit/instruments/master-rows.js';
import { instrumentsFixture, type Fixture } from './fixture.js';

const NIFTY = 'NSE_INDEX|Nifty 50';
const DAY_1 = istAt('2026-08-18', '06:05');
const DAY_2 = istAt('2026-08-19', '06:05');

describe('instrument import', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await instrumentsFixture();
  });
  afterEach(() => fixture.database.close());

  it('should be the same after importing the same list twice', async () => {
    const rows = [NIFTY_INDEX, ...chainRows('2026-08-18', 10, 1000), ...chainRows('2026-08-25', 10, 2000)];
    const first = await fixture.load(rows, { asOf: DAY_1 });
    expect(first).toMatchObject({
      rows: 41,
      contracts: 40,
      underlyings: 1,
      added: 40,
      ignored: 1,
      asOf: DAY_1,
    });
    const chain = await fixture.service.chain(NIFTY, '2026-08-25');
    const second = await fixture.load(rows, { asOf: DAY_2 });
    expect(second).toMatchObject({
      added: 0,
      expired: 0,
      moved: 0,
      rekeyed: 0,
      reusedKeys: 0,
      lotChanged: 0,
    });
    expect(await fixture.service.chain(NIFTY, '2026-08-25')).toEqual(chain);
  });

  it('should read a list that is spelled with spaces, or that names the segment late', async () => {
    const rows = [
      NIFTY_INDEX,
      stockRow('ABB', 'INE117A01022', { segment: 'NCD_FO' }),
      ...chainRows('2026-08-25', 5, 1000),
    ];
    const spaced = gzipSync(JSON.stringify(rows, null, 2));
    const report = await fixture.service.importFrom(streamOf(spaced), { source: 'spaced' });
    expect(report).toMatchObject({ rows: 12, contracts: 10, ignored: 2, refused: { count: 0 } });
    expect(await fixture.service.resolve('NIFTY')).toMatchObject({ name: 'Nifty 50' });
  });

  it('should give a re-used key to each contract in its time', async () => {
    const old = optionRow({ strike_price: 24_000 });
    const next = optionRow({ strike_price: 25_000, expiry: old['expiry'] });
    const stays = chainRows('2026-08-25', 5, 2000);
    await fixture.load([old, ...stays], { asOf: DAY_1 });
    const before = (await fixture.service.chain(NIFTY, '2026-08-18'))?.contracts[0];
    const report = await fixture.load([next, ...stays], { asOf: DAY_2 });
    expect(report).toMatchObject({ added: 1, expired: 1, reusedKeys: 1, moved: 0 });
    const after = (await fixture.service.chain(NIFTY, '2026-08-18'))?.contracts[0];
    expect(after?.strike).toBe(25_000);
    expect(after?.id).not.toBe(before?.id);
    const keys: unknown[] = await fixture.database.dataSource.query(
      `SELECT "contract_id" AS id, "valid_from" AS f, "valid_to" AS t FROM "contract_key" WHERE "instrument_key" = 'NSE_FO|45261' ORDER BY f`,
    );
    expect(keys).toEqual([
      { id: before?.id, f: istMidnight('2026-08-18'), t: istMidnight('2026-08-19') },
      { id: after?.id, f: istMidnight('2026-08-19'), t: null },
    ]);
    expect(fixture.service.keyAt(after!, istAt('2026-08-19', '09:15'))).toBe('NSE_FO|45261');
    expect(fixture.service.keyAt(after!, istAt('2026-08-18', '15:00'))).toBeNull();
  });

  it('should keep both keys of a contract that got another one, also twice on one day', async () => {
    await fixture.load(chainRows('2026-08-25', 3, 1000), { asOf: DAY_1 });
    const report = await fixture.load(chainRows('2026-08-25', 3, 3000), { asOf: DAY_2 });
    expect(report).toMatchObject({ rekeyed: 6, added: 0, expired: 0 });
    await fixture.load(chainRows('2026-08-25', 3, 4000), { asOf: DAY_2 });
    const contract = (await fixture.service.chain(NIFTY, '2026-08-25'))!.contracts[0]!;
    expect(contract.instrumentKey).toBe('NSE_FO|4000');
    expect(contract.keys.map(({ key }) => key)).toEqual(['NSE_FO|1000', 'NSE_FO|3000', 'NSE_FO|4000']);
    expect(fixture.service.keyAt(contract, istAt('2026-08-18', '10:00'))).toBe('NSE_FO|1000');
    expect(fixture.service.keyAt(contract, istAt('2026-08-19', '06:00'))).toBe('NSE_FO|3000');
    expect(fixture.service.keyAt(contract, istAt('2026-08-19', '10:00'))).toBe('NSE_FO|4000');
    expect(fixture.service.keyAt(contract, istAt('2026-08-17', '10:00'))).toBeNull();
  });

  it('should keep the history of lot sizes', async () => {
    await fixture.load(chainRows('2026-08-25', 2, 1000), { asOf: DAY_1 });
    const report = await fixture.load(chainRows('2026-08-25', 2, 1000, { lot_size: 75 }), { asOf: DAY_2 });
    expect(report).toMatchObject({ lotChanged: 4, rekeyed: 0, added: 0 });
    const chain = await fixture.service.chain(NIFTY, '2026-08-25');
    expect(chain?.underlying.lotSize).toBe(75);
    const history: unknown[] = await fixture.database.dataSource.query(
      'SELECT "valid_from" AS f, "lot_size" AS lot FROM "lot_history" WHERE "contract_id" = $1 ORDER BY f',
      [chain?.contracts[0]?.id],
    );
    expect(history).toEqual([
      { f: istMidnight('2026-08-18'), lot: 65 },
      { f: istMidnight('2026-08-19'), lot: 75 },
    ]);
  });

  it('should end a contract with its expiry day though the next list came later, and keep its chain readable', async () => {
    const stays = chainRows('2026-08-25', 5, 2000);
    await fixture.load([...chainRows('2026-08-18', 5, 1000), ...stays], { asOf: DAY_1 });
    await fixture.load(stays, { asOf: istAt('2026-08-21', '06:05') });
    const past = await fixture.service.chain(NIFTY, '2026-08-18');
    expect(past?.contracts).toHaveLength(10);
    expect(past?.contracts[0]).toMatchObject({
      instrumentKey: 'NSE_FO|1000',
      listedTo: istMidnight('2026-08-19'),
    });
    expect((await fixture.service.expiries(NIFTY, '2026-08-18')).map((one) => one.expiry)).toEqual([
      '2026-08-25',
    ]);
  });

  it('should leave a delisted strike out of a live chain, and take it back with the same identity', async () => {
    const rows = chainRows('2026-08-25', 5, 1000);
    await fixture.load(rows, { asOf: DAY_1 });
    const id = (await fixture.service.chain(NIFTY, '2026-08-25'))?.contracts[0]?.id;
    await fixture.load(rows.slice(2), { asOf: DAY_2 });
    expect((await fixture.service.chain(NIFTY, '2026-08-25'))?.contracts).toHaveLength(8);
    const report = await fixture.load(rows, { asOf: istAt('2026-08-20', '06:05') });
    expect(report.added).toBe(2);
    expect((await fixture.service.chain(NIFTY, '2026-08-25'))?.contracts[0]?.id).toBe(id);
  });

  it('should compare only the exchanges that the file has, or that were asked for', async () => {
    const nse = chainRows('2026-08-25', 5, 1000);
    const mcx = [mcxFutureRow(), mcxOptionRow()];
    await fixture.load([...nse, ...mcx], { asOf: DAY_1 });
    expect(await fixture.load(nse, { asOf: DAY_2 })).toMatchObject({ exchanges: ['NSE'], expired: 0 });
    const only = await fixture.load([...chainRows('2026-08-25', 5, 7000), ...mcx], {
      exchanges: ['MCX'],
      asOf: DAY_2,
    });
    expect(only).toMatchObject({ exchanges: ['MCX'], contracts: 2, rekeyed: 0, ignored: 10 });
    await expect(fixture.load(nse, { exchanges: ['BSE'] })).rejects.toMatchObject({ why: 'empty' });
    expect((await fixture.service.underlyings('2026-08-18')).map(({ symbol }) => symbol)).toEqual([
      'NIFTY',
      'CRUDEOIL',
    ]);
  });

  it('should tell which future each MCX option takes its spot from', async () => {
    await fixture.load([mcxFutureRow(), mcxOptionRow()], { asOf: DAY_1 });
    const chain = await fixture.service.chain('MCX_COM|294', '2026-09-17');
    expect(chain?.underlying).toMatchObject({
      symbol: 'CRUDEOIL',
      exchange: 'MCX',
      kind: 'COMMODITY',
      lotSize: 100,
    });
    expect(chain?.contracts).toMatchObject([{ strike: 11300, side: 'call', futureKey: 'MCX_FO|565899' }]);
    expect(await fixture.service.expiries('MCX_COM|294', '2026-08-18')).toEqual([
      { expiry: '2026-09-17', daysToExpiry: 30, weekly: null, contracts: 1 },
    ]);
  });

  it('should keep an underlying, and its contracts, through a new ISIN and a new name', async () => {
    await fixture.load(
      [
        stockRow('KOTAKBANK', 'INE237A01028'),
        stockRow('LTIM', 'INE214T01019', { instrument_key: 'NSE_FO|2' }),
      ],
      { asOf: DAY_1 },
    );
    const kotak = await fixture.service.resolve('KOTAKBANK');
    const ltim = await fixture.service.resolve('LTIM');
    const report = await fixture.load(
      [
        stockRow('KOTAKBANK', 'INE237A01036'),
        stockRow('LTM', 'INE214T01019', { instrument_key: 'NSE_FO|2' }),
      ],
      { asOf: DAY_2 },
    );
    expect(report).toMatchObject({ added: 0, expired: 0, rekeyed: 0 });
    expect(await fixture.service.resolve('KOTAKBANK')).toMatchObject({
      id: kotak?.id,
      key: 'NSE_EQ|INE237A01036',
    });
    expect(await fixture.service.resolve('LTM')).toMatchObject({ id: ltim?.id, key: 'NSE_EQ|INE214T01019' });
    expect(await fixture.service.resolve('LTIM')).toBeNull();
  });

  describe('captured chains', () => {
    const file = async (
      key: string,
      expiry: string,
      slots: readonly number[],
      spot: number,
    ): Promise<void> => {
      const db = fixture.database.dataSource;
      await db.query('INSERT INTO chain (underlying_key, expiry) VALUES ($1, $2)', [key, expiry]);
      for (const slot of slots)
        await db.query(
          `INSERT INTO snapshot (chain_id, slot, captured_at, source, spot, legs, unknown_legs, phantom_legs, payload)
           SELECT id, $1, $2, 0, $3, 0, 0, 0, $4 FROM chain WHERE underlying_key = $5 AND expiry = $6`,
          [slot, slot, spot, Buffer.alloc(0), key, expiry],
        );
    };
    const filed = (): Promise<unknown[]> =>
      fixture.database.dataSource.query(
        `SELECT underlying_key AS "key", expiry, slot, spot FROM chain JOIN snapshot ON chain_id = chain.id
         ORDER BY underlying_key, expiry, slot`,
      );

    it('should go with a share to its new ISIN', async () => {
      await fixture.load([stockRow('KOTAKBANK', 'INE237A01028')], { asOf: DAY_1 });
      await file('NSE_EQ|INE237A01028', '2026-08-25', [DAY_1], 1);
      await file('NSE_EQ|INE000A01000', '2026-08-25', [DAY_1], 2);
      await fixture.load([stockRow('KOTAKBANK', 'INE237A01036')], { asOf: DAY_2 });
      expect(await filed()).toEqual([
        { key: 'NSE_EQ|INE000A01000', expiry: '2026-08-25', slot: DAY_1, spot: 2 },
        { key: 'NSE_EQ|INE237A01036', expiry: '2026-08-25', slot: DAY_1, spot: 1 },
      ]);
    });

    it('should become one with those of the list, and keep what was captured first', async () => {
      await file('IMPORTED|NIFTY', '2026-08-18', [DAY_1, DAY_1 + 60_000], 1);
      await file('IMPORTED|NIFTY', '2026-08-25', [DAY_1], 1);
      await file(NIFTY, '2026-08-18', [DAY_1], 2);
      await fixture.load([NIFTY_INDEX, ...chainRows('2026-08-25', 5, 1000)], { asOf: DAY_1 });
      expect(await filed()).toEqual([
        { key: NIFTY, expiry: '2026-08-18', slot: DAY_1, spot: 2 },
        { key: NIFTY, expiry: '2026-08-18', slot: DAY_1 + 60_000, spot: 1 },
        { key: NIFTY, expiry: '2026-08-25', slot: DAY_1, spot: 1 },
      ]);
    });
  });

  it('should go back to an older or much smaller list when told to', async () => {
    await fixture.load(chainRows('2026-08-25', 30, 1000), { asOf: DAY_2 });
    const report = await fixture.load(chainRows('2026-08-25', 2, 1000), { asOf: DAY_1, force: true });
    expect(report).toMatchObject({ expired: 56, asOf: DAY_2 });
    expect(fixture.service.status()).toMatchObject({ state: 'ready', asOf: DAY_2 });
  });
});
