import { Injectable } from '@nestjs/common';
import { QueryFailedError } from 'typeorm';

const GOES_ON = 'New minutes are not shown until they are saved; collection goes on by itself.';

/** SQLite's result codes, https://www.sqlite.org/rescode.html, in words that say what to do. */
const WORDS: readonly [RegExp, string][] = [
  [/^SQLITE_FULL/, `The disk is full. Free some space. ${GOES_ON}`],
  [/^SQLITE_(BUSY|LOCKED)/, `Another program keeps the database locked. End it, or wait. ${GOES_ON}`],
  [
    /^SQLITE_(READONLY|CANTOPEN|PERM)/,
    `The database cannot be written. Check its owner and rights. ${GOES_ON}`,
  ],
  [/^SQLITE_(CORRUPT|NOTADB)/, `The database is damaged. Stop the tracker and restore a backup. ${GOES_ON}`],
];

/** Whether what was captured can be saved. The collector notes it, the status of every screen says it. */
@Injectable()
export class StorageTrouble {
  private words: string | null = null;

  /** For the person at the screen; `null` while all is well. */
  get message(): string | null {
    return this.words;
  }

  /** Takes an error of a capture; one that is not the database's changes nothing. */
  note(error: unknown): void {
    if (!(error instanceof QueryFailedError)) return;
    const { code } = error.driverError as { code?: unknown };
    const name = typeof code === 'string' ? code : 'unknown';
    const known = WORDS.find(([pattern]) => pattern.test(name));
    this.words =
      known?.[1] ?? `The database does not take new minutes (${name}); the log says why. ${GOES_ON}`;
  }

  /** Something was saved. */
  clear(): void {
    this.words = null;
  }
}
