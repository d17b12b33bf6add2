#!/usr/bin/env node
/**
 * Writes docs/licences.md: every package that is part of the running server (package-lock.json) and every one that is
 * bundled into the screens (dist/client/licences.txt, which the build writes with the licences in full). `--check` writes
 * nothing and exits 1 when the list is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ensureBuilt, root } from './build-if-needed.mjs';

const LIST = 'docs/licences.md';
const read = (file) => readFileSync(join(root, file), 'utf8');

/** Where the lock file names no licence, the package itself does, as older ones do: `licenses: [{type}]`. */
function licenceOf(path, locked) {
  if (locked.license !== undefined) return locked.license;
  const { license, licenses } = JSON.parse(read(join(path, 'package.json')));
  return license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'none';
}

/** Rows `name | versions | licence`, a package in several versions once. */
function rows(packages) {
  const byName = new Map();
  for (const { name, version, license } of packages) {
    const id = `${name} | ${license}`;
    byName.set(id, { name, license, versions: new Set([...(byName.get(id)?.versions ?? []), version]) });
  }
  return [...byName.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, license, versions }) => `| ${name} | ${[...versions].sort().join(', ')} | ${license} |`);
}

function ofServer() {
  const { packages } = JSON.parse(read('package-lock.json'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, locked]) => ({
      name: path.split('node_modules/').at(-1),
      version: locked.version,
      license: licenceOf(path, locked),
    }));
}

function ofScreens() {
  const heads = read('dist/client/licences.txt').matchAll(/^=== (\S+) (\S+) \((.+)\)$/gm);
  const found = [...heads].map(([, name, version, license]) => ({ name, version, license }));
  if (found.length === 0) throw new Error('dist/client/licences.txt names no package: run npm run build');
  return found;
}

async function list() {
  const head = ['| package | version | licence |', '| --- | --- | --- |'];
  const [screens, server] = [rows(ofScreens()), rows(ofServer())];
  const text = `# Licences of what this program is made of

Written by \`npm run licences\` from \`package-lock.json\` and the build; \`test/unit/licences.spec.ts\` fails when it is out
of date, or when a licence is none of those that let the program be given on under any terms.

## In the screens

What the browser gets, ${screens.length} packages. Their licences stand in full in \`licences.txt\` of the built screens, that of the font
beside it too (\`assets/inter-OFL-1.1.txt\`).

${[...head, ...screens].join('\n')}

## In the server

What \`npm ci --omit=dev\` installs, ${server.length} packages; each brings its licence in its folder of \`node_modules\`. Some are for one
system only and are installed there alone.

${[...head, ...server].join('\n')}
`;
  const options = await resolveConfig(join(root, LIST));
  return format(text, { ...options, parser: 'markdown' });
}

const check = process.argv.includes('--check');
// A check is part of the tests, which run on what was built for them.
if (!check) await ensureBuilt();
const text = await list();
if (!check) writeFileSync(join(root, LIST), text);
else if (read(LIST) !== text) {
  console.error(`${LIST} is not up to date. Run: npm run licences`);
  process.exitCode = 1;
}
