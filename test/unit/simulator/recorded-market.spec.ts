import { gunzipSync } from 'node:zlib';
import { type Market, recordedMarket } from '../../../server/simulator/index.js';
import { NIFTY } from './days.js';
import { dayText, Folder, INDEX_ROW, optionRow, shareRow } from './recorded-files.js';

const EXPIRY = '2026-08-25';
const at = (time: string): number => Date.parse(`2026-08-18T${time}+05:30`);

const MASTER = JSON.stringify([
  shareRow('INE0001', 'Curly {"brace} é'),
  ...[24_000, 24_050].flatMap((k) => [optionRow(k, 'CE'), optionRow(k, 'PE')]),
  INDEX_ROW,
  shareRow('INE0002', 'OTHER', 'BSE'),
]);

const DAY = dayText(
  '2026-08-18T10:00:00+05:30,NIFTY,24010.5,2026-08-25,24000,650,100.5,1300,6500,90,2600',
  '2026-08-18T10:00:00+05:30,NIFTY,24010.5,2026-08-25,24050,0,0.0,0,,,',
  '2026-08-18T10:01:10+05:30,NIFTY,,2026-08-25,24000,715,101,1950,6500,89,3250',
  '2026-08-18T10:01:10+05:30,NIFTY,,2026-08-25,24050,65,60,65,,,',
  '2026-08-18T10:01:10+05:30,NIFTY,,2026-08-25,24100,130,40,65,,,',
  '2026-08-18T10:01:50+05:30,NIFTY,24020,2026-08-25,24000,780,99,2600,6565,91,3250',
);
const PREV = 'underlying,expiry,strike,ce_prev_oi,pe_prev_oi\nNIFTY,2026-08-25,24000,585,\n';

describe('recordedMarket', () => {
  const folder = new Folder();
  let market: Market;
  beforeAll(async () => {
    market = await recordedMarket({
      instrumentsFile: folder.write('master.json.gz', MASTER),
      dayFile: folder.write('day.csv.gz', DAY),
      prevOiFile: folder.write('prev.csv.gz', PREV),
    });
  });
  afterAll(() => folder.remove());

  it('should keep contracts and indices of the master, and no share that nothing hangs on', () => {
    expect(market.instruments().map((r) => r.instrument_type)).toEqual(['CE', 'PE', 'CE', 'PE', 'INDEX']);
  });

  it('should answer an empty chain before the first snapshot', () => {
    expect(market.chain(NIFTY, EXPIRY, at('09:59:59'))).toEqual([]);
  });

  it('should answer the newest snapshot at or before the time, only the strikes in it', () => {
    expect(market.chain(NIFTY, EXPIRY, at('10:01:09'))?.map((r) => r.strike_price)).toEqual([24_000, 24_050]);
    expect(market.chain(NIFTY, EXPIRY, at('10:01:10'))?.map((r) => r.strike_price)).toHaveLength(3);
    expect(market.chain(NIFTY, EXPIRY, at('15:00:00'))?.map((r) => r.strike_price)).toEqual([24_000]);
  });

  it('should leave out what was not recorded, and tell 0 from blank', () => {
    const [first, second] = market.chain(NIFTY, EXPIRY, at('10:00:00')) ?? [];
    expect(first).toEqual({
      ...{
        expiry: EXPIRY,
        pcr: 10,
        strike_price: 24_000,
        underlying_key: NIFTY,
        underlying_spot_price: 24_010.5,
      },
      call_options: {
        instrument_key: 'NSE_FO|24000CE',
        market_data: { ltp: 100.5, volume: 1300, oi: 650, prev_oi: 585 },
      },
      put_options: { instrument_key: 'NSE_FO|24000PE', market_data: { ltp: 90, volume: 2600, oi: 6500 } },
    });
    expect(second?.call_options?.market_data).toEqual({ ltp: 0, volume: 0, oi: 0 });
    expect(second?.put_options).toEqual({ instrument_key: 'NSE_FO|24050PE', market_data: {} });
  });

  it('should leave the spot out where it is blank', () => {
    expect(market.chain(NIFTY, EXPIRY, at('10:01:30'))?.[0]).not.toHaveProperty('underlying_spot_price');
    expect(market.underlyingSpot(NIFTY, at('10:01:30'))).toBeNull();
    expect(market.underlyingSpot(NIFTY, at('10:02:00'))).toBe(24_020);
  });

  it('should answer a leg that the master does not list without a key, and warn once', () => {
    const unlisted = market.chain(NIFTY, EXPIRY, at('10:01:10'))?.[2];
    expect(unlisted?.call_options).toEqual({ market_data: { ltp: 40, volume: 65, oi: 130 } });
    expect(unlisted).not.toHaveProperty('put_options');
    expect(market.warnings).toHaveLength(1);
    expect(market.warnings[0]).toContain('1 recorded legs');
  });

  it('should build one candle a minute, newest first, with the last OI and price and the volume added', () => {
    expect(market.candles('NSE_FO|24000CE', at('10:01:20'))).toEqual([
      ['2026-08-18T10:01:00+05:30', 100.5, 101, 100.5, 101, 650, 715],
      ['2026-08-18T10:00:00+05:30', 100.5, 100.5, 100.5, 100.5, 1300, 650],
    ]);
    expect(market.candles('NSE_FO|24000CE', at('10:05:00'))?.[0]).toEqual([
      ...['2026-08-18T10:01:00+05:30', 100.5, 101, 99, 99, 1300, 780],
    ]);
    expect(market.candles('NSE_FO|24050PE', at('10:05:00'))).toEqual([]);
    expect(market.candles('NSE_FO|77', at('10:05:00'))).toBeNull();
  });

  it('should quote by key, and nothing for a leg that is not in the newest snapshot', () => {
    expect(market.quote('NSE_FO|24000CE', at('10:01:20'))).toMatchObject({
      ...{ oi: 715, previousOi: 585, lastPrice: 101, volume: 1950, time: at('10:01:10') },
    });
    expect(market.quote('NSE_FO|24050CE', at('10:02:00'))).toBeNull();
    expect(market.quote(NIFTY, at('10:02:00'))).toMatchObject({ lastPrice: 24_020, oi: 0 });
  });

  it('should serve the master file as it is, and cut one exchange out of it', async () => {
    const text = (bytes: Buffer | undefined): string => gunzipSync(bytes ?? Buffer.alloc(0)).toString();
    expect(text(await market.master?.('complete'))).toBe(MASTER);
    expect(JSON.parse(text(await market.master?.('BSE')))).toEqual([shareRow('INE0002', 'OTHER', 'BSE')]);
    expect(JSON.parse(text(await market.master?.('MCX')))).toEqual([]);
  });

  it('should know no chain of a key that is no underlying', () => {
    expect(market.chain('NSE_INDEX|Nifty 51', EXPIRY, at('11:00:00'))).toBeNull();
    expect(market.chain(NIFTY, '2026-08-26', at('11:00:00'))).toEqual([]);
  });
});

describe('recordedMarket on files it cannot use', () => {
  const folder = new Folder();
  afterAll(() => folder.remove());
  const row = '2026-08-18T10:00:00+05:30,NIFTY,24010.5,2026-08-25,24000,650,100.5,1300,6500,90,2600';
  const load = (day: string, master = MASTER): Promise<Market> =>
    recordedMarket({
      instrumentsFile: folder.write('m.json.gz', master),
      dayFile: folder.write('d.csv.gz', day),
    });

  it.each([
    ['other columns', 'a,b\n1,2\n', 'line 1: the columns must be'],
    ['no rows', dayText(), 'holds no rows'],
    ['a word for a number', dayText(row.replace('650', 'many')), 'line 2: "many" is no number'],
    ['a time that is none', dayText(row.replace('T10', 'Tten')), 'line 2: "2026-08-18Tten'],
    ['times that run backwards', dayText(row, row.replace('T10:00', 'T09:59')), 'line 3: times must ascend'],
    ['two days', dayText(row, row.replace('2026-08-18', '2026-08-19')), 'one day is wanted'],
    [
      'a chain that comes twice at one time',
      dayText(row, row.replace('2026-08-25', '2026-09-01'), row),
      'line 4: NIFTY 2026-08-25 comes twice',
    ],
  ])('should refuse %s with the line', async (_, text, message) => {
    await expect(load(text)).rejects.toThrow(message);
  });

  it('should refuse a master that breaks off or holds no contracts', async () => {
    await expect(load(dayText(row), MASTER.slice(0, -40))).rejects.toThrow('breaks off');
    await expect(load(dayText(row), '[]')).rejects.toThrow('no derivative contracts');
  });

  it('should refuse a file that is no gzip, that is cut short, or that is not there', async () => {
    const dayFile = folder.write('d.csv.gz', dayText(row));
    const plain = folder.write('plain.json.gz', Buffer.from('[]'));
    await expect(recordedMarket({ instrumentsFile: plain, dayFile })).rejects.toThrow(
      'incorrect header check',
    );
    await expect(recordedMarket({ instrumentsFile: '/nowhere.json.gz', dayFile })).rejects.toThrow('ENOENT');
  });
});
