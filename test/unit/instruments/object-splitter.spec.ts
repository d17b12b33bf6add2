import fc from 'fast-check';
import { ObjectSplitter, SplitError } from '../../../server/instruments/object-splitter.js';
import { TextWindow } from '../../../server/instruments/text-window.js';
import { fuzz } from '../../support/fuzz.js';

function split(chunks: readonly Buffer[], window?: number): unknown[] {
  const found: unknown[] = [];
  const splitter = new ObjectSplitter((text, start, end) => found.push(JSON.parse(text.slice(start, end))), {
    window: new TextWindow(window),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return found;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const trickyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', '[', ']', ',', '₹', '😀', 'a', '\u0000', '\n') }),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    trickyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(true, false, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(trickyText, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const rows = fc.array(fc.dictionary(trickyText, value, { maxKeys: 5 }), { maxLength: 8 });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
const windows = fc.constantFrom(undefined, 1, 8, 20, 64);
const spacing = fc.constantFrom(undefined, 1, '\t');

describe('object splitter', () => {
  it('should find the same objects as JSON.parse, however the text is cut into chunks', () => {
    fuzz(
      'master: text in chunks',
      fc.property(rows, sizes, spacing, fc.boolean(), windows, (items, cuts, space, mark, window) => {
        const text = JSON.stringify(items, null, space);
        const bytes = Buffer.from(mark ? `\uFEFF${text}` : text);
        expect(split(cut(bytes, cuts), window)).toEqual(JSON.parse(text));
        expect(split([bytes], window)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('should refuse every text that breaks off, wherever it does', () => {
    fuzz(
      'master: text that breaks off',
      fc.property(rows, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (items, at) => {
        const bytes = Buffer.from(JSON.stringify(items));
        expect(() => split([bytes.subarray(0, Math.floor(at * bytes.length))])).toThrow(SplitError);
      }),
    );
  });

  it.each([
    ['an HTML page', '<html><body>Service unavailable</body></html>'],
    ['an object', '{"status":"error"}'],
    ['bare numbers', '[1, 2, 3]'],
    ['nothing but white space', '  \n '],
    ['objects without a comma', '[{"a":1}{"b":2}]'],
    ['a comma before the end', '[{"a":1},]'],
    ['a comma at the start', '[,{"a":1}]'],
    ['text after the array', '[{"a":1}] {"b":2}'],
    ['two arrays', '[{"a":1}][{"b":2}]'],
    ['binary noise', '\u0000\u0001\u0002'],
  ])('should refuse %s', (_name, text) => {
    expect(() => split([Buffer.from(text)])).toThrow(SplitError);
  });

  it('should refuse a single object over the limit before it has arrived whole', () => {
    const splitter = new ObjectSplitter(() => undefined, { maxObject: 1_000 });
    splitter.push(Buffer.from('[{"a":"'));
    expect(() => {
      for (let i = 0; i < 200; i++) splitter.push(Buffer.from('x'.repeat(10)));
    }).toThrow(expect.objectContaining({ why: 'too-large' }));
  });

  it('should refuse an object over the limit that has arrived whole, flat or not', () => {
    for (const object of [
      { a: 'x'.repeat(1_000) },
      { a: {}, b: 'x'.repeat(1_000) },
      { a: '₹'.repeat(1_000) },
    ])
      expect(() =>
        new ObjectSplitter(() => undefined, { maxObject: 1_000 }).push(Buffer.from(JSON.stringify([object]))),
      ).toThrow(expect.objectContaining({ why: 'too-large' }));
  });

  it('should find objects in a large chunk, some of them larger than what is read at once', () => {
    const items = Array.from({ length: 400 }, (_, i) => ({
      i,
      text: i % 50 === 7 ? 'x'.repeat(100_000) : i % 60 === 9 ? 'é{"' : '}{'.repeat(i),
      ...(i % 3 === 0 ? { inner: { i } } : {}),
    }));
    const bytes = Buffer.from(JSON.stringify(items));
    expect(split([bytes])).toEqual(items);
    expect(split(cut(bytes, [30_000, 5, 70_000]))).toEqual(items);
  });

  it('should take an empty array as no objects', () => {
    expect(split([Buffer.from(' [ ] ')])).toEqual([]);
  });
});
