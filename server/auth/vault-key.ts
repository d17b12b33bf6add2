import { randomBytes, scrypt } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { VAULT_KEY_BYTES, VaultError } from './token-vault.js';

/** Fixed, since the same TRACKER_SECRET must give the same key on every start. */
const SALT = 'oi-tracker/token-vault/1';
const KEY_FILE = 'tracker.key';
const KEY_TEXT = /^[0-9a-f]{64}\n?$/;

const derive = promisify<string, string, number, Buffer>(scrypt);

/**
 * The key that broker tokens are encrypted with: from TRACKER_SECRET (scrypt, Node's default cost), else from a key
 * file beside the database, which is made on the first start.
 * @throws VaultError when the key file is there but is not one.
 */
export async function vaultKey(config: Pick<Config, 'secret' | 'database'>): Promise<Buffer> {
  if (config.secret !== null) return derive(config.secret, SALT, VAULT_KEY_BYTES);
  const path = keyFilePath(config.database);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return createKeyFile(path);
    throw error;
  });
  if (!KEY_TEXT.test(text))
    throw new VaultError(
      `${path} is not a key file. Restore it, or delete it and sign in with the broker again.`,
    );
  await closeToOthers(path);
  return Buffer.from(text.trim(), 'hex');
}

/** Beside the SQLite file; `data/tracker.key` for PostgreSQL. */
export function keyFilePath(database: Config['database']): string {
  return join(database.kind === 'sqlite' ? dirname(database.file) : 'data', KEY_FILE);
}

/** Complete or not there at all, and never twice: server and command line may start at the same time. */
async function createKeyFile(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(VAULT_KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}

async function closeToOthers(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  await chmod(path, 0o600);
  new Logger('Auth').warn(`${path} could be read by other users of this machine; that is closed now.`);
}
