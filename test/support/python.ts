import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Output of a reader in bytes at most. */
const MAX_OUTPUT = 1 << 28;

const probe = spawnSync('python3', ['-c', 'import sqlite3, zlib']);
const isThere = probe.error === undefined && probe.status === 0;

/** `describe` where the machine has Python 3 with its standard library; else the suite is skipped and the reason printed. */
export function describeWithPython(title: string, body: () => void): void {
  if (isThere) return describe(title, body);
  console.info(`Skipped "${title}": no python3 with sqlite3 and zlib`);
  describe.skip(title, body);
}

/** What a script prints. @throws Error when it fails, with what it says. */
export async function python(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('python3', [script, ...args], { maxBuffer: MAX_OUTPUT });
  return stdout;
}
