import { readFileSync, writeFileSync } from 'node:fs';
import type { Seeded } from './seeded.js';

const SECTOR = 512;
/** Salts and checksum of the write-ahead log; written, and synced, before the frames that follow it anew. */
const WAL_HEADER = 32;

/** Both files of a database, byte for byte, as an operating system that loses nothing has them. */
export interface Disk {
  db: Buffer;
  wal: Buffer;
}

const walOf = (file: string): string => `${file}-wal`;

export const readDisk = (file: string): Disk => ({ db: readFileSync(file), wal: readFileSync(walOf(file)) });

/** Makes a database out of an image; the index of the log is left out, as after a power cut. */
export function writeDisk(file: string, { db, wal }: Disk): void {
  writeFileSync(file, db);
  writeFileSync(walOf(file), wal);
}

/** What is written between two syncs: any part of it may have reached the disk when the power goes. */
interface Step {
  of: 'db' | 'wal';
  from: number;
  to: number;
}

/**
 * The writes that lead from one disk to the next, in the order of SQLite's syncs at `synchronous = FULL`
 * (https://www.sqlite.org/atomiccommit.html, wal.c): a new header of the log, its frames, what a checkpoint moves.
 */
function steps(before: Disk, after: Disk): Step[] {
  const all: Step[] = [
    { of: 'wal', from: 0, to: WAL_HEADER },
    { of: 'wal', from: WAL_HEADER, to: after.wal.length },
    { of: 'db', from: 0, to: after.db.length },
  ];
  return all.filter(
    ({ of, from, to }) => !before[of].subarray(from, to).equals(after[of].subarray(from, to)),
  );
}

/**
 * A disk on which the power went between `before` and `after`: every step up to some one is there, of that one a random
 * part of its sectors in any order, of the others nothing. A file that was growing has any length in between.
 * @param reach the steps that may be the torn one; all of them unless told
 */
export function torn(before: Disk, after: Disk, random: Seeded, reach = Infinity): Disk {
  const disk: Disk = { db: Buffer.from(before.db), wal: Buffer.from(before.wal) };
  const todo = steps(before, after).slice(0, reach);
  const last = random.below(todo.length);
  todo.slice(0, last + 1).forEach((step, i) => {
    disk[step.of] = apply(disk[step.of], after[step.of], step, i < last ? () => true : partOf(random));
  });
  return disk;
}

/** One in two sectors, few, or nearly all of them; never surely all. */
function partOf(random: Seeded): () => boolean {
  const oneIn = 2 + random.below(8);
  const isMost = random.below(2) === 0;
  return () => (random.below(oneIn) === 0) !== isMost;
}

function apply(old: Buffer, next: Buffer, { from, to }: Step, reaches: () => boolean): Buffer {
  const result = Buffer.alloc(Math.max(old.length, to));
  old.copy(result);
  let length = old.length;
  for (let at = from; at < to; at = Math.floor(at / SECTOR + 1) * SECTOR) {
    const end = Math.min(Math.floor(at / SECTOR + 1) * SECTOR, to);
    if (!reaches()) continue;
    next.copy(result, at, at, end);
    length = Math.max(length, end);
  }
  return result.subarray(0, length);
}
