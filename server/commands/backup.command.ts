import { Command, CommandRunner, Option } from 'nest-commander';
import type { Config } from '../config/config.js';
import { configFromProcess } from '../config/load-config.js';
import { backupSqlite, restoreSqlite } from '../database/backup.js';

const MIB = 1024 * 1024;

function sqliteFile({ database }: Config, tool: string): string {
  if (database.kind === 'sqlite') return database.file;
  throw new Error(`This command is for SQLite. PostgreSQL has its own tool: ${tool}`);
}

/** A copy of the database, also while the server runs. */
@Command({ name: 'backup', description: 'Copy the database to a file, also while the server runs' })
export class BackupCommand extends CommandRunner {
  async run(_args: string[], { out }: { out: string }): Promise<void> {
    const { file, bytes } = await backupSqlite(sqliteFile(configFromProcess(), 'pg_dump'), out);
    console.log(`${file}: ${(bytes / MIB).toFixed(1)} MiB, checked and intact.`);
    console.log(
      'Stored broker sign-ins can be read with the same TRACKER_SECRET or tracker.key only, which is not in it.',
    );
  }

  @Option({ flags: '--out <file>', description: 'File to write; never overwritten', required: true })
  parseOut(value: string): string {
    return value;
  }
}

/** Puts a backup in the place of the database. */
@Command({
  name: 'restore',
  description: 'Put a backup in the place of the database; the server must be stopped',
})
export class RestoreCommand extends CommandRunner {
  async run(_args: string[], { from }: { from: string }): Promise<void> {
    const file = sqliteFile(configFromProcess(), 'pg_restore');
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
    const aside = await restoreSqlite(from, file, stamp);
    console.log(`${file} is now what ${from} holds.`);
    if (aside !== null) console.log(`The former database is kept as ${aside}`);
  }

  @Option({ flags: '--from <file>', description: 'A file that backup has written', required: true })
  parseFrom(value: string): string {
    return value;
  }
}
