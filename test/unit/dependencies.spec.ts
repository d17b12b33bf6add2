import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFree } from '../support/free-licences.js';

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  integrity?: string;
  hasInstallScript?: boolean;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const { packages } = read<{ packages: Record<string, Locked> }>('package-lock.json');
const { allowScripts } = read<{ allowScripts: Record<string, boolean> }>('package.json');
const copies = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ path, name: path.split('node_modules/').at(-1)!, ...locked }));

/** The oldest version without a known hole that reaches this server. `npm audit` is not asked: it needs a registry. */
const FLOORS: Record<string, { floor: string; why: string }> = {
  'socket.io-parser': { floor: '4.2.7', why: 'CVE-2026-69185, CVE-2026-33151, CVE-2023-32695' },
  'engine.io': { floor: '6.6.10', why: 'CVE-2026-102599, CVE-2026-59725, CVE-2022-41940' },
  ws: { floor: '8.21.1', why: 'CVE-2026-62389, CVE-2026-48779, CVE-2026-45736, CVE-2024-37890' },
  '@nestjs/core': { floor: '11.1.18', why: 'CVE-2026-35515' },
  '@nestjs/common': { floor: '11.0.16', why: 'CVE-2024-29409' },
  multer: { floor: '2.3.0', why: 'CVE-2026-77078, CVE-2026-82333' },
  typeorm: { floor: '0.3.31', why: 'CVE-2026-73651' },
  undici: { floor: '6.24.0', why: 'CVE-2026-1526, CVE-2026-1528, CVE-2026-2229' },
};

/** Packages whose licence stands where the lock file does not look. */
const LICENCES_ELSEWHERE: Record<string, string> = { busboy: 'MIT', streamsearch: 'MIT' };

/** Whether the first version is the second or a later one; a pre-release comes before its release. */
function reaches(version: string, floor: string): boolean {
  const parts = (text: string): number[] => text.split(/[-+]/)[0]!.split('.').map(Number);
  const [have, want] = [parts(version), parts(floor)];
  const differs = want.findIndex((part, i) => part !== have[i]);
  return differs < 0 ? !version.includes('-') : have[differs]! > want[differs]!;
}

describe('S32, S33 every copy in package-lock.json', () => {
  it.each(Object.entries(FLOORS))('should be at or above the floor: %s %p', (name, { floor }) => {
    const found = copies.filter((copy) => copy.name === name);
    expect(found.length).toBeGreaterThan(0);
    for (const { path, version } of found)
      expect([path, version, reaches(version, floor)]).toEqual([path, version, true]);
  });

  it('should tell versions apart as their numbers say', () => {
    expect(['8.21.1', '8.100.0', '9.0.0'].every((version) => reaches(version, '8.21.1'))).toBe(true);
    expect(['8.21.0', '8.9.9', '7.99.0', '8.21.1-rc.1'].some((version) => reaches(version, '8.21.1'))).toBe(
      false,
    );
  });

  it('should be held to a checksum', () => {
    expect(
      copies.filter(({ integrity }) => !integrity?.startsWith('sha512-')).map(({ path }) => path),
    ).toEqual([]);
  });

  it('should run a script at its installation only where package.json names it', () => {
    const withScripts = copies.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(withScripts.filter((name) => !(name in allowScripts))).toEqual([]);
    // The database driver is compiled; nothing else needs to run.
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['sqlite3']);
  });

  it('should be under a free licence where it is part of the running server', () => {
    const shipped = copies.filter(({ dev, devOptional }) => !dev && !devOptional);
    expect(shipped.length).toBeGreaterThan(100);
    const strange = shipped.filter(
      ({ name, license }) => !isFree(license ?? LICENCES_ELSEWHERE[name] ?? 'none'),
    );
    expect(strange.map(({ name, license }) => `${name}: ${license ?? 'none'}`)).toEqual([]);
  });
});
