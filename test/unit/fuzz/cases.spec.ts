import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES } from '../../support/fuzz.js';

const tests = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

describe('the generators', () => {
  it('should try a hundred thousand cases at least', () => {
    const sum = Object.values(CASES).reduce((total, count) => total + count, 0);
    process.stdout.write(`fuzz: ${sum} cases in all\n`);
    expect(sum).toBeGreaterThanOrEqual(100_000);
  });

  it('should each be used by one test', () => {
    const call =
      /\b(?:fuzz|check)\(\s*'((?:table|max pain|frames|market frames|master|broker|days|stored|input|socket)\b[^']*)'/g;
    const used = readdirSync(tests, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.spec.ts'))
      .flatMap((name) => [...readFileSync(join(tests, name), 'utf8').matchAll(call)])
      .map((match) => match[1]);
    expect(used.sort()).toEqual(Object.keys(CASES).sort());
  });
});
