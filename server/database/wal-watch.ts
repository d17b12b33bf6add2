import { stat } from 'node:fs/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { WAL_LIMIT_BYTES } from './open.js';

/**
 * Watches SQLite's write-ahead log, which grows for as long as some other program reads the database without an end:
 * what is committed cannot be moved into the database meanwhile (https://www.sqlite.org/wal.html, section 6).
 */
@Injectable()
export class WalWatch {
  private readonly log = new Logger(WalWatch.name);
  private warned = false;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Says once in the log when the write-ahead log has grown beyond the limit, and once when it is back. */
  async check(limitBytes = WAL_LIMIT_BYTES): Promise<void> {
    const { database } = this.config;
    if (database.kind !== 'sqlite') return;
    const bytes = await sizeOf(`${database.file}-wal`);
    const isLarge = bytes > limitBytes;
    if (isLarge === this.warned) return;
    this.warned = isLarge;
    const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    if (isLarge)
      this.log.warn(
        `The write-ahead log of the database has grown to ${size}: another program has been reading the database ` +
          'for long. End it; nothing is lost meanwhile.',
      );
    else this.log.log(`The write-ahead log of the database is back to ${size}.`);
  }
}

/** 0 for a file that is not there: an in-memory database, or one just opened. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
