#!/usr/bin/env node
/** `npm test [-- jest options]`: builds what the end-to-end tests run, then runs Jest in ESM mode. */
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build-if-needed.mjs';

await ensureBuilt();
const jest = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
process.exitCode = jest.status ?? 1;
