import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { safeText } from '../../../server/upstox/wording.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
/** A pattern that goes through its text once needs less than a millisecond for this; one that starts anew at each place, seconds. */
const LENGTH = 20_000;
const PATIENCE_MS = 100;
const TRIES = 5;

/** Fed with the digits of a number only, twenty of them at most. */
const OF_NUMBERS = [String.raw`(\d)(?=(\d\d)+\d$)`];

interface Pattern {
  where: string;
  source: string;
  flags: string;
}

/** Every pattern that is written in the server's and the client's TypeScript. */
function patterns(): Pattern[] {
  return ['server', 'client'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => patternsOf(join(root, folder, name))),
  );
}

function patternsOf(path: string): Pattern[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true);
  const found: Pattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      const where = `${relative(root, path)}:${line + 1}`;
      found.push({ where, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Texts that make a pattern go back: what it is written with, over and over, and an end that fits nothing. */
function pumps(source: string): string[] {
  const letters = new Set(['a', 'A', '0', ' ', '-', '.', '=', '?', '/', '\t', ...source.replace(/\\./g, '')]);
  const words = source.match(/[A-Za-z]{2,}/g) ?? [];
  const units = [...letters, ...words, ...words.map((word) => `${word} `)];
  return units.flatMap((unit) => {
    const text = unit.repeat(Math.ceil(LENGTH / unit.length));
    return [text, `${text}\u0001`, ...words.map((word) => `${word}${text}\u0001`)];
  });
}

/** The best of some tries, ms: what it takes when the machine is not busy with something else. */
function timeOf(work: () => void): number {
  let best = Infinity;
  for (let i = 0; i < TRIES && best > PATIENCE_MS; i++) {
    const before = performance.now();
    work();
    best = Math.min(best, performance.now() - before);
  }
  return best;
}

describe('ReDoS: every pattern of the source', () => {
  const all = patterns().filter(({ source }) => !OF_NUMBERS.includes(source));

  it('should be found', () => expect(all.length).toBeGreaterThan(50));

  it.each(all.map((one) => [one.where, one.source, one.flags]))(
    'should be quick on 20,000 characters: %s',
    (_where, source, flags) => {
      for (const text of pumps(source)) {
        const short = text.slice(0, 30);
        const pattern = new RegExp(source, flags);
        // What explodes does so at thirty characters already, and would not come back from more.
        for (const input of [short, `${short}\u0001`, text]) {
          const ms = timeOf(() => input.replace(pattern, ''));
          expect([input.slice(0, 20), ms < PATIENCE_MS]).toEqual([input.slice(0, 20), true]);
        }
      }
    },
  );

  it('should be quick together: what the broker says, made fit for the screen', () => {
    for (const unit of ['?', '?a', 'bearer ', 'bearer', 'eyJ', 'eyJaaaa.', ' ', '=', '\u202e'])
      expect([unit, timeOf(() => safeText(unit.repeat(LENGTH))) < PATIENCE_MS]).toEqual([unit, true]);
  });
});
