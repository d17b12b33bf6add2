import { deflateSync, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { istAt } from '../../../server/domain/slot.js';
import { ImportRefused } from '../../../server/instruments/import-report.js';
import { chainRows, masterFile, optionRow, streamOf } from '../../unit/instruments/master-rows.js';
import { instrumentsFixture, type Fixture } from './fixture.js';

const LIST = chainRows('2026-08-18', 30, 1000);

describe('a refused instrument file', () => {
  let fixture: Fixture;
  let before: string;

  beforeAll(async () => {
    fixture = await instrumentsFixture();
    await fixture.load(LIST);
    before = await fixture.dump();
  });
  afterAll(() => fixture.database.close());

  async function refusal(file: Buffer | Readable, options = {}): Promise<ImportRefused> {
    const stream = Buffer.isBuffer(file) ? streamOf(file) : file;
    const error: unknown = await fixture.service.importFrom(stream, { source: 'bad', ...options }).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ImportRefused);
    return error as ImportRefused;
  }

  const whole = masterFile(LIST);
  const cases: [string, ImportRefused['why'], Buffer][] = [
    ['a truncated gzip file', 'truncated', whole.subarray(0, whole.length - 40)],
    ['a gzip file without its checksum', 'truncated', whole.subarray(0, whole.length - 8)],
    [
      'JSON that breaks off inside a whole gzip file',
      'truncated',
      gzipSync(JSON.stringify(LIST).slice(0, -200)),
    ],
    ['plain JSON', 'not-gzip', Buffer.from(JSON.stringify(LIST))],
    ['another compression', 'not-gzip', deflateSync(JSON.stringify(LIST))],
    ['damaged bytes', 'not-gzip', damaged(whole)],
    ['an HTML error page', 'not-json', gzipSync('<html><body>503</body></html>')],
    ['a JSON object', 'not-json', gzipSync('{"status":"error"}')],
    ['an empty file', 'empty', Buffer.alloc(0)],
    ['an empty list', 'empty', masterFile([])],
    ['a list without contracts', 'empty', masterFile([{ segment: 'NSE_EQ', instrument_type: 'EQ' }])],
    ['nine tenths less than before', 'too-small', masterFile(LIST.slice(0, 5))],
    ['rows of another shape', 'broken-rows', masterFile(LIST.map(({ segment: _, ...row }) => row))],
    [
      'a tenth of broken rows',
      'broken-rows',
      masterFile(LIST.map((row, i) => (i % 8 === 0 ? { ...row, lot_size: 0 } : row))),
    ],
  ];

  it.each(cases)('should leave the list as it was: %s', async (_name, why, file) => {
    const error = await refusal(file);
    expect(error.why).toBe(why);
    expect(error.message).toMatch(/list in use was kept/i);
    expect(await fixture.dump()).toBe(before);
    expect(fixture.service.status()).toMatchObject({ state: 'failed', asOf: istAt('2026-08-18', '11:00') });
    expect((await fixture.service.chain('NSE_INDEX|Nifty 50', '2026-08-18'))?.contracts).toHaveLength(60);
  });

  it('should leave the list as it was when the download breaks off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield whole.subarray(0, 100);
        throw new Error('socket hang up');
      })(),
      { objectMode: false },
    );
    const error = await refusal(broken);
    expect(error.why).toBe('source');
    expect(error.message).toContain('socket hang up');
    expect(await fixture.dump()).toBe(before);
  });

  it('should leave the list as it was when an older one comes', async () => {
    const error = await refusal(masterFile(LIST), { asOf: istAt('2026-08-17', '12:00') });
    expect(error.why).toBe('older');
    expect(error.message).toContain('2026-08-17');
    expect(await fixture.dump()).toBe(before);
  });

  it('should stop at the limits of size, of one record and of rows', async () => {
    const limits = { decompressedBytes: 1_000_000, objectBytes: 10_000, rows: 100 };
    const zeros = gzipSync(Buffer.alloc(50_000_000, ' '));
    expect((await refusal(zeros, { limits })).why).toBe('too-large');
    const record = gzipSync(`[{"name":"${'x'.repeat(20_000)}"}]`);
    expect((await refusal(record, { limits })).why).toBe('too-large');
    expect((await refusal(masterFile(chainRows('2026-08-18', 51, 1)), { limits })).why).toBe('too-large');
    expect(await fixture.dump()).toBe(before);
  });

  it('should roll everything back when the database refuses in the middle of writing', async () => {
    await fixture.database.dataSource.query(
      `CREATE TRIGGER full BEFORE INSERT ON "instrument_import" BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
    );
    await expect(fixture.load([...LIST, ...chainRows('2026-08-25', 10, 5000)])).rejects.toThrow(
      'disk is full',
    );
    await fixture.database.dataSource.query('DROP TRIGGER full');
    expect(await fixture.dump()).toBe(before);
    expect(
      (await fixture.service.expiries('NSE_INDEX|Nifty 50', '2026-08-18')).map((one) => one.expiry),
    ).toEqual(['2026-08-18']);
  });

  it('should refuse a second import while one is under way', async () => {
    const first = fixture.load(LIST);
    await expect(fixture.load(LIST)).rejects.toMatchObject({ why: 'busy' });
    await first;
  });

  it('should import the rest when single rows are broken, and name them', async () => {
    const other = await instrumentsFixture();
    const report = await other.load(
      [...LIST, optionRow({ instrument_key: 'NSE_FO|9', expiry: 'soon' }), 'text in a row'].slice(0, 61),
    );
    expect(report).toMatchObject({ contracts: 60, refused: { count: 1 } });
    expect(report.refused.samples[0]?.reason).toBe('expiry is "soon"');
    await other.database.close();
  });
});

function damaged(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy.fill(0xff, 40, 80);
  return copy;
}
