/** Builds the server and the client when the built files are missing or older than their sources. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns the newest modification time under the paths, ms; 0 where nothing exists. */
function newest(paths) {
  let time = 0;
  for (const path of paths) {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (!stat) continue;
    if (!stat.isDirectory()) time = Math.max(time, stat.mtimeMs);
    else time = Math.max(time, newest(readdirSync(join(root, path)).map((name) => join(path, name))));
  }
  return time;
}

function run(bin, args) {
  const done = spawnSync(process.execPath, [join(root, 'node_modules', bin), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) {
    console.error('The build failed; see the messages above. `npm ci` mends a broken node_modules folder.');
    process.exit(done.status ?? 1);
  }
}

export async function ensureBuilt() {
  const config = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'vite.config.ts'];
  if (
    newest(['dist/client/index.html']) < newest(['client', 'server/protocol', 'svelte.config.js', ...config])
  ) {
    console.error('Building the screens …');
    run('vite/bin/vite.js', ['build', '--logLevel', 'warn']);
  }
  if (newest(['dist/server/main.js', 'dist/server/cli.js']) < newest(['server', ...config])) {
    console.error('Building the server …');
    run('@nestjs/cli/bin/nest.js', ['build']);
  }
}
