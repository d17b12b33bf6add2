import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const tests = dirname(dirname(fileURLToPath(import.meta.url)));
const FAULTS = 45;
const ATTACKS = 33;

/** What cannot befall this tracker, and why. All others need a test that has the id in its title. */
const NOT_APPLICABLE: Record<string, string> = {
  F13: "the broker's streaming feed is not used: no token can be revoked with the feed open",
  F15: "the broker's streaming feed is not used: nothing can be half open",
  F16: "the broker's streaming feed is not used: nothing can flap",
  F17: "the broker's streaming feed is not used: no protobuf is read",
  F18: "the broker's streaming feed is not used: nothing is subscribed to",
  S07: 'the broker offers no PKCE: state, a secret that stays on the server and an exact redirect_uri stand for it',
  S09: "which token is used, a read-only one or another, is the owner's choice",
};

const ids = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${String(i + 1).padStart(2, '0')}`);
const ALL = [...ids('F', FAULTS), ...ids('S', ATTACKS)];

/** The name that a chain of calls such as `describe.each([…])` begins with. */
function rootOf(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootOf(node.expression);
  return '';
}

/** The first text of each row of the table of `….each([…])`. */
function namesOfRows(callee: ts.Expression): string[] {
  const table = ts.isCallExpression(callee) ? callee.arguments[0] : undefined;
  const rows = table && ts.isAsExpression(table) ? table.expression : table;
  if (!rows || !ts.isArrayLiteralExpression(rows)) return [];
  return rows.elements
    .map((row) => (ts.isArrayLiteralExpression(row) ? row.elements[0] : row))
    .flatMap((first) => (first && ts.isStringLiteralLike(first) ? [first.text] : []));
}

/** The titles of the suites and tests of a spec; `%s` at the beginning of one stands for the names of its rows. */
function titlesOf(text: string, name = 'a.spec.ts'): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) ? node.arguments[0] : undefined;
    if (ts.isCallExpression(node) && title && ts.isStringLiteralLike(title)) {
      if (/^(describe|it$|test$)/.test(rootOf(node.expression)))
        found.push(...(title.text.startsWith('%s') ? namesOfRows(node.expression) : []), title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true));
  return found;
}

const idsIn = (titles: readonly string[]): Set<string> =>
  new Set(titles.flatMap((title) => title.match(/\b[FS]\d\d\b/g) ?? []));

const titled = idsIn(
  readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.ts'))
    .flatMap((name) => titlesOf(readFileSync(join(tests, name), 'utf8'), name)),
);

describe('the list of faults and attacks', () => {
  it('should find the ids of titles, of suites and of rows, and no others', () => {
    const text = `
      // F01 in a comment
      describe('F02 a suite', () => { it('should hold (F03)', () => expect('F04').toBe('F04')); });
      describe.each([['F05 a row', 1], ['another', 'F06']] as const)('%s', () => undefined);
      describeRoom()('S07 in a room', () => undefined);
      it.each(['S08'])('S09 should refuse %s', () => undefined);
      say('S10');`;
    expect([...idsIn(titlesOf(text))]).toEqual(['F02', 'F03', 'F05', 'S07', 'S09']);
  });

  it.each(ALL.filter((id) => !(id in NOT_APPLICABLE)))('should have a test that is called %s', (id) => {
    expect([...titled]).toContain(id);
  });

  it('should leave out what does not apply only, each with its reason', () => {
    for (const [id, reason] of Object.entries(NOT_APPLICABLE)) {
      expect(ALL).toContain(id);
      expect(reason.length).toBeGreaterThan(20);
    }
    expect([...titled].filter((id) => id in NOT_APPLICABLE || !ALL.includes(id))).toEqual([]);
  });
});
