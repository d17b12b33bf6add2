import fc from 'fast-check';
import { MasterList } from '../../../server/instruments/master-list.js';
import { SEGMENTS } from '../../../server/instruments/master-row.js';
import { ObjectSplitter } from '../../../server/instruments/object-splitter.js';
import { RowSpellings } from '../../../server/instruments/row-spellings.js';
import { RowTaker } from '../../../server/instruments/row-taker.js';
import { fuzz } from '../../support/fuzz.js';
import { mcxFutureRow, mcxOptionRow, NIFTY_INDEX, optionRow, stockRow, type Row } from './master-rows.js';

const FIELDS = [
  ...['segment', 'exchange', 'instrument_key', 'instrument_type', 'expiry', 'strike_price', 'lot_size'],
  ...['trading_symbol', 'underlying_symbol', 'underlying_key', 'underlying_type', 'name', 'weekly'],
];
/** As long as a text that is searched gets; nothing that goes through it more than once is done in this time. */
const LENGTH = 64 * 1024;
const PATIENCE_MS = 100;
const TRIES = 5;

function learnt(...rows: Row[]): RowSpellings {
  const spellings = new RowSpellings(SEGMENTS);
  for (const row of rows) spellings.learn(row);
  return spellings;
}

/** What a list has taken of a file, read with known spellings or without. */
function taken(text: string, known: boolean): unknown {
  const list = new MasterList();
  const taker = new RowTaker(list, null, () => list.rows++);
  const splitter = new ObjectSplitter(taker.take, known ? { takeKnown: taker.takeKnown } : {});
  splitter.push(Buffer.from(text));
  splitter.end();
  list.finish();
  const { rows, ignored, refused, contracts, underlyings } = list;
  return { rows, ignored, refused, contracts, underlyings };
}

const tricky = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', ',', ':', '₹', ' ', 'A', '\u0000', '\u007f') }),
);
const scalar = fc.oneof(
  tricky,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(true, false, null, 1e21, 1e-7, -0),
);
const rowOf = fc.constantFrom(
  () => optionRow(),
  () => stockRow('M&M', 'INE101A01026'),
  () => mcxFutureRow(),
  () => mcxOptionRow(),
  () => NIFTY_INDEX,
);
const overrides = fc.dictionary(fc.constantFrom(...Object.keys(optionRow()), 'other'), scalar, {
  maxKeys: 2,
});
const rows = fc.array(
  fc.record({
    row: rowOf,
    strike: fc.integer({ min: 1, max: 6 }),
    key: fc.integer({ min: 1, max: 9 }),
    overrides,
  }),
  { minLength: 1, maxLength: 12 },
);
/** What is put in at a place of the text, and how much is taken out there. */
const cuts = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    out: fc.integer({ min: 0, max: 3 }),
    into: fc.constantFrom(
      '',
      '"',
      '\\',
      ',',
      '0',
      '-',
      'e5',
      '.',
      ' ',
      '\n',
      '₹',
      'true',
      '"a":1,',
      '\u0001',
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

describe('row spellings', () => {
  it('should read a row that is spelled like one before it as JSON.parse does', () => {
    const row = optionRow({ strike_price: 132.5, lot_size: 1e21, weekly: false, name: "It's [a] name" });
    const text = `[{},${JSON.stringify(row)},{}]`;
    const spellings = learnt(optionRow());
    expect(spellings.read(text, 4)).toEqual(Object.fromEntries(FIELDS.map((field) => [field, row[field]])));
    expect(text.slice(spellings.end)).toBe(',{}]');
  });

  it('should know no row of another segment, with other names, another order, spaces or a text to unescape', () => {
    const spellings = learnt(optionRow());
    const { weekly, ...rest } = optionRow();
    for (const row of [optionRow({ segment: 'NCD_FO' }), optionRow({ other: 1 }), { ...rest, weekly }, rest])
      expect(spellings.read(JSON.stringify(row), 0)).toBeNull();
    for (const name of ['"', '\\', '\n', '₹', 5])
      expect(spellings.read(JSON.stringify(optionRow({ name })), 0)).toBeNull();
    expect(spellings.read(JSON.stringify(optionRow(), null, 1), 0)).toBeNull();
  });

  it.each(['01', '-', '+1', '1.', '.5', '1e', '1e+', '0x1', '1 ', 'NaN', 'Infinity', '1_0', ''])(
    'should know no number that JSON does not know: %p',
    (spelled) => {
      const text = JSON.stringify(optionRow()).replace('"lot_size":65', `"lot_size":${spelled}`);
      expect(text).toContain(`"lot_size":${spelled},`);
      expect(learnt(optionRow()).read(text, 0)).toBeNull();
    },
  );

  it.each([
    ['a field of another type', optionRow({ expiry: '2026-08-18' })],
    ['a missing field', optionRow({ lot_size: undefined })],
    ['an object in it', optionRow({ other: {} })],
    ['a name that means something in a pattern', optionRow({ '(.*)+': 1 })],
    ['too many fields', optionRow(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i])))],
  ])('should learn nothing from a row with %s', (_what, row) => {
    expect(learnt(row).read(JSON.stringify(row), 0)).toBeNull();
  });

  it('should learn a few spellings only, each once', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const spelled = names.map((name) => optionRow({ [name]: 1 }));
    const spellings = learnt(...spelled.flatMap((row) => [row, row]));
    const known = spelled.filter((row) => spellings.read(JSON.stringify(row), 0) !== null);
    expect(known).toEqual(spelled.slice(0, 8));
  });

  it('should never read anything else than JSON.parse, whatever is done to the text', () => {
    const base = optionRow();
    const spellings = learnt(base, mcxOptionRow());
    fuzz(
      'master: spoilt rows',
      fc.property(overrides, cuts, (other, spoilt) => {
        let text = JSON.stringify({ ...base, ...other });
        for (const { at, out, into } of spoilt) {
          const place = Math.floor(at * text.length);
          text = text.slice(0, place) + into + text.slice(place + out);
        }
        const read = spellings.read(text, 0);
        if (read === null) return;
        const row = JSON.parse(text.slice(0, spellings.end)) as Row;
        expect(read).toEqual(Object.fromEntries(FIELDS.map((field) => [field, row[field]])));
      }),
    );
  });

  it('should take the same from a file as without knowing any spelling', () => {
    fuzz(
      'master: known spellings',
      fc.property(rows, fc.boolean(), (items, spaced) => {
        const list = items.map(({ row, strike, key, overrides: other }) => {
          const plain = row();
          const instrument_key = `${String(plain['segment'])}|${key}`;
          return { ...plain, strike_price: strike, instrument_key, ...other };
        });
        const text = JSON.stringify(list, null, spaced ? 1 : undefined);
        expect(taken(text, true)).toEqual(taken(text, false));
      }),
    );
  });

  it('should give up a long text that is no such row soon', () => {
    const spellings = learnt(optionRow(), mcxOptionRow());
    const start = JSON.stringify(optionRow());
    for (const field of ['"name":"', '"expiry":', '"lot_size":', '"tick_size":', '"strike_price":'])
      for (const unit of ['1', '1.', '1e', '.1', 'a', ' ', '",', '"name":"', 'true']) {
        const text = start.slice(0, start.indexOf(field) + field.length) + unit.repeat(LENGTH / unit.length);
        const times = Array.from({ length: TRIES }, () => {
          const started = performance.now();
          expect(spellings.read(text, 0)).toBeNull();
          return performance.now() - started;
        });
        expect(Math.min(...times)).toBeLessThan(PATIENCE_MS);
      }
  });
});
