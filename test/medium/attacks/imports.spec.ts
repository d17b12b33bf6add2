import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataSource } from 'typeorm';
import { ImportRefused, InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { DEFAULT_LIMITS, type ReadLimits } from '../../../server/instruments/master-reader.js';
import { readLines } from '../../../server/simulator/recorded/gzip-file.js';
import { DayExport } from '../../../server/snapshot/days/day-export.js';
import { DAY_COLUMNS, DayFileRefused } from '../../../server/snapshot/days/day-file.js';
import { DayImport } from '../../../server/snapshot/days/day-import.js';
import {
  chainRows,
  masterFile,
  NIFTY_INDEX,
  stockRow,
  streamOf,
} from '../../unit/instruments/master-rows.js';
import { at, DAY, NIFTY, openHouse, type House } from '../../support/house.js';

const MIB = 1024 * 1024;

let house: House;
let dir: string;
beforeAll(async () => {
  house = await openHouse({ listening: true });
  dir = await mkdtemp(join(tmpdir(), 'oi-tracker-hostile-'));
});
afterAll(async () => {
  await house.close();
  await rm(dir, { recursive: true, force: true });
});

/** `mib` MiB of one byte in a thousandth of that, after a beginning that looks right: gzip files may be strung together. */
function bomb(beginning: string, byte: string, mib: number): Buffer {
  const block = gzipSync(Buffer.alloc(MIB, byte));
  return Buffer.concat([gzipSync(beginning), ...Array.from({ length: mib }, () => block)]);
}

const importMaster = (stream: NodeJS.ReadableStream, limits?: ReadLimits): Promise<unknown> =>
  house
    .get(InstrumentsService)
    .importFrom(stream, { source: 'hostile', asOf: at('09:00'), force: true, limits });

const grownBy = (before: number): number => (process.memoryUsage().rss - before) / MIB;
const file = async (name: string, content: Buffer | string): Promise<string> => {
  await writeFile(join(dir, name), content);
  return join(dir, name);
};
const rowsOf = async (table: string): Promise<unknown[]> =>
  house.get(DataSource).query(`SELECT * FROM ${table} ORDER BY 1, 2`);

describe('a hostile instrument list', () => {
  it.each([
    ['blanks', '[', ' '],
    ['one endless record', '[{"name":"', 'a'],
    ['braces', '[', '{'],
    ['nothing but zeros', '', '\0'],
  ])('should be refused in little memory when it is a zip bomb of %s', async (_what, head, byte) => {
    const contracts = await rowsOf('contract');
    const stream = streamOf(bomb(head, byte, 1024));
    const before = process.memoryUsage().rss;
    const limits = { ...DEFAULT_LIMITS, decompressedBytes: 64 * MIB };
    await expect(importMaster(stream, limits)).rejects.toBeInstanceOf(ImportRefused);
    expect(grownBy(before)).toBeLessThan(200);
    expect(await rowsOf('contract')).toEqual(contracts);
    expect(DEFAULT_LIMITS.decompressedBytes).toBeLessThanOrEqual(512 * MIB);
  });

  it.each([
    ['no gzip', Buffer.from('PK\u0003\u0004 not gzip')],
    ['gzip garbage', Buffer.concat([gzipSync('[{}]').subarray(0, 12), Buffer.alloc(500, 0x5a)])],
    ['gzip in gzip', gzipSync(gzipSync('[]'))],
    ['another archive behind it', Buffer.concat([masterFile([]), Buffer.from('garbage')])],
    ['an object in place of the list', gzipSync('{"__proto__":[]}')],
    ['deep nesting', gzipSync(`[${'['.repeat(1e6)}`)],
    ['a deep record', gzipSync(`[{"a":${'['.repeat(4e5)}${']'.repeat(4e5)}}]`)],
  ])('should be refused: %s', async (_what, bytes) => {
    await expect(importMaster(streamOf(bytes))).rejects.toBeInstanceOf(ImportRefused);
  });

  it('should neither pollute nor bring more than short plain names', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    await importMaster(
      streamOf(
        masterFile([
          { ...NIFTY_INDEX, short_name: 'x'.repeat(100_000), ['__proto__']: { isAdmin: true } },
          ...chainRows(NIFTY.expiry, 6, 50_000, { constructor: { prototype: { isAdmin: true } } }),
          ...Array.from({ length: 40 }, (_, i) =>
            stockRow(`PLAIN${i}`, `INE9${i}`, { instrument_key: `NSE_FO|9${i}`, name: evil }),
          ),
          stockRow('EVIL', 'INE0', {
            underlying_symbol: "=cmd|' /C calc'!A0,\r\n\"",
            instrument_key: 'NSE_FO|1',
          }),
          stockRow('EVIL2', 'INE1', { underlying_symbol: '\u202eKCATTA\u0007', instrument_key: 'NSE_FO|2' }),
        ]),
      ),
    );
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const names = (await rowsOf('underlying')) as { name: string; symbol: string }[];
    for (const { name, symbol } of names) {
      expect(name.length).toBeLessThanOrEqual(128);
      expect(name + symbol).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
    }
    // Markup is text like any other: it is the screen that must not take it for markup.
    expect(names.some(({ name }) => name === evil)).toBe(true);
  });

  it('should not bring a symbol that a spreadsheet takes for a formula, or that breaks a line', async () => {
    const symbols = ((await rowsOf('underlying')) as { symbol: string }[]).map(({ symbol }) => symbol);
    for (const symbol of symbols) expect(symbol).not.toMatch(/^[=+\-@\t\r\n]|[,\r\n"]/);
  });
});

describe('a hostile day file', () => {
  const header = DAY_COLUMNS.join(',');
  const row = `${DAY}T10:00:00+05:30,NIFTY,24000,${DAY},24000,650,10,650,650,10,650`;

  it.each([
    ['a line without an end', `${header}\n`, 'a'],
    ['lines without anything', `${header}\n`, '\n'],
    ['a header without an end', '', ','],
  ])('should be refused in little memory when it is a zip bomb of %s', async (_what, head, byte) => {
    const path = await file('bomb.csv.gz', bomb(head, byte, 2048));
    const before = process.memoryUsage().rss;
    await expect(house.get(DayImport).run(path)).rejects.toBeInstanceOf(DayFileRefused);
    await expect(
      house.get(DayImport).run(await file('x.csv', `${header}\n${row}\n`), path),
    ).rejects.toBeInstanceOf(DayFileRefused);
    expect(grownBy(before)).toBeLessThan(200);
  });

  it('should be refused by the simulator too when a line does not end', async () => {
    const path = await file('bomb.csv.gz', bomb(`${header}\n`, 'a', 2048));
    const before = process.memoryUsage().rss;
    await expect(readLines(path, () => undefined)).rejects.toThrow(/longer than/);
    expect(grownBy(before)).toBeLessThan(200);
  });

  it.each([
    ['no gzip', 'a.csv.gz', 'PK\u0003\u0004'],
    ['gzip garbage', 'b.csv.gz', Buffer.concat([gzipSync(header).subarray(0, 14), Buffer.alloc(99, 0x5a)])],
    ['a formula for a symbol', 'c.csv', `${header}\n${row.replace('NIFTY', "=cmd|' /C calc'!A0")}\n`],
    ['a symbol that begins a formula', 'd.csv', `${header}\n${row.replace('NIFTY', '-2+3')}\n`],
    ['SQL for a symbol', 'e.csv', `${header}\n${row.replace('NIFTY', "x'; DROP TABLE snapshot; --")}\n`],
    ['a path for a symbol', 'f.csv', `${header}\n${row.replace('NIFTY', '../../etc/passwd')}\n`],
    ['SQL for an expiry', 'g.csv', `${header}\n${row.replace(`,${DAY},`, `,${DAY}' OR 1=1,`)}\n`],
    ['a number in another base', 'h.csv', `${header}\n${row.replace(',650,10', ',0x10,10')}\n`],
    ['a number beyond all', 'i.csv', `${header}\n${row.replace(',650,10', `,${'9'.repeat(400)},10`)}\n`],
    ['a time beyond all', 'j.csv', `${header}\n${row.replace(DAY, '9999-99-99')}\n`],
  ])('should be refused: %s', async (_what, name, content) => {
    const before = [await rowsOf('snapshot'), await rowsOf('underlying'), await rowsOf('chain')];
    await expect(house.get(DayImport).run(await file(name, content))).rejects.toBeInstanceOf(DayFileRefused);
    expect([await rowsOf('snapshot'), await rowsOf('underlying'), await rowsOf('chain')]).toEqual(before);
  });
});

describe('exports', () => {
  it('should hold no cell that a spreadsheet takes for a formula (CSV injection)', async () => {
    await house.tick('10:01');
    const lines: string[] = [];
    const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
    for await (const line of house.get(DayExport).lines('NIFTY', DAY, report)) lines.push(line);
    expect(lines.length).toBeGreaterThan(1);
    for (const cell of lines.flatMap((line) => line.split(','))) expect(cell).not.toMatch(/^[=+@\t\r-]/);
  });

  it('should find no underlying by a path, and write nothing for it', async () => {
    const report = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
    for (const name of ['../../etc/passwd', 'NIFTY\0', '%', '*', "' OR 1=1 --"]) {
      const lines = house.get(DayExport).lines(name, DAY, report);
      await expect(lines.next()).rejects.toThrow();
    }
    expect(report).toEqual({ rows: 0, snapshots: 0, backfilledLeftOut: 0 });
  });
});
