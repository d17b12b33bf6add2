import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FREE_FONT, isFree } from '../support/free-licences.js';
import { projectRoot } from '../support/harness.js';

const read = (file: string): string => readFileSync(join(projectRoot, file), 'utf8');

/** Name and licence of each package in a section of the list. */
function listed(section: string): { name: string; license: string }[] {
  const part = read('docs/licences.md')
    .split(/^## /m)
    .find((one) => one.startsWith(section));
  return [...(part ?? '').matchAll(/^\| (\S+) +\| \d[^|]*\| (.+?) +\|$/gm)].map(([, name, license]) => ({
    name: name!,
    license: license!,
  }));
}

describe('S32 the licences of everything that is given on', () => {
  it('should be listed in docs/licences.md as they are now', () => {
    const args = [join(projectRoot, 'bin/licences.mjs'), '--check'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('should all be free ones', () => {
    const server = listed('In the server');
    expect(server.length).toBeGreaterThan(100);
    expect(server.filter(({ license }) => !isFree(license))).toEqual([]);
    const screens = listed('In the screens').filter(({ license }) => !isFree(license));
    expect(screens).toEqual([{ name: '@fontsource-variable/inter', license: FREE_FONT }]);
  });

  it('should know of what the screens are made of, which package.json has as tools', () => {
    const names = listed('In the screens').map(({ name }) => name);
    for (const name of ['svelte', 'socket.io-client', 'engine.io-client', 'socket.io-parser'])
      expect(names).toContain(name);
  });

  it('should stand in full beside what the browser gets, the one of the font beside the font', () => {
    const files = readdirSync(join(projectRoot, 'dist/client/assets'));
    expect(files.filter((name) => /^inter-.*\.(woff2|txt)$/.test(name)).sort()).toEqual([
      'inter-OFL-1.1.txt',
      expect.stringMatching(/^inter-latin-wght-normal-.+\.woff2$/),
    ]);
    expect(read('dist/client/assets/inter-OFL-1.1.txt')).toContain('SIL OPEN FONT LICENSE Version 1.1');
    const texts = read('dist/client/licences.txt').split(/^=== /m).slice(1);
    expect(texts.map((text) => text.split(' ', 1)[0])).toEqual(
      listed('In the screens').map(({ name }) => name),
    );
    for (const text of texts)
      expect([text.slice(0, 40), /copyright/i.test(text)]).toEqual([text.slice(0, 40), true]);
  });
});
