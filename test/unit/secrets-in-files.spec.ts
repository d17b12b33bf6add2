import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What real secrets look like: signed tokens of some length, private keys, key ids, the broker's own key and secret. */
const SECRETS = [
  /eyJ[A-Za-z0-9_-]{30,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /UPSTOX_CLIENT_(?:ID|SECRET)\s*[=:]\s*['"]?[0-9a-z]{10,}(?:-[0-9a-z]{4,})*/,
];

const secretIn = (text: string): RegExp | undefined => SECRETS.find((pattern) => pattern.test(text));

const FOLDERS = ['bin', 'client', 'deploy', 'docs', 'server', 'test'];

/** The files of the project, relative to its folder. */
function sources(): string[] {
  const within = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
  const above = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
  // The owner's own settings, which are never checked in.
  return [...within, ...above.map(({ name }) => name).filter((name) => name !== '.env')];
}

describe('secrets', () => {
  it('should be known when they are seen', () => {
    const part = 'a1B2'.repeat(10);
    for (const text of [
      `eyJ${part}.${part}.${part}`,
      `-----BEGIN PRIVATE KEY-----\n${part}`,
      `AKIA${'Z9'.repeat(8)}`,
      `UPSTOX_CLIENT_SECRET=${'k3'.repeat(6)}`,
    ])
      expect(secretIn(text)).toBeDefined();
  });

  it('should stand in no file of the project, nor should the files that hold them', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(300);
    expect(files.filter((name) => /(^|\/)\.env$|\.(key|pem|db|db-wal)$/.test(name))).toEqual([]);
    const found = files.filter((name) => secretIn(readFileSync(join(root, name), 'latin1')));
    expect(found).toEqual([]);
  });

  it('should stand in no file that browsers get, nor should the names of their settings', () => {
    const folder = join(root, 'dist/client');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.'),
    );
    expect(files.length).toBeGreaterThan(2);
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'latin1');
      expect([name, secretIn(text)]).toEqual([name, undefined]);
      expect(text).not.toMatch(/TRACKER_SECRET|UPSTOX_ACCESS_TOKEN|VIEWER_PASSPHRASE|sourceMappingURL/);
    }
  });
});
