import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { openDatabase } from '../../../server/database/open.js';
import { WriteQueue } from '../../../server/database/write-queue.js';
import { packQuote } from '../../../server/domain/pack.js';
import { slotAdd, slotOf } from '../../../server/domain/slot.js';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { at, NIFTY, openFaultyHouse } from '../../support/faulty-house.js';
import { marketQuote } from '../../support/market.js';
import { readDisk, torn, writeDisk, type Disk } from '../../support/power-loss.js';
import { seeded } from '../../support/seeded.js';

/** F26: what the operating system has not synced when the power goes is lost, in any part and any order. */

jest.setTimeout(600_000);

const COMMITS = 60;
const IMAGES = 300;
/** So that checkpoints and new beginnings of the log happen often in so few minutes. */
const CHECKPOINT_PAGES = 24;

let folder: string;
/** The disk when commit `i` had been acknowledged. */
const disks: Disk[] = [];
const written: ChainSnapshot[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oi-tracker-power-'));
  const file = join(folder, 'tracker.db');
  const db = await openDatabase({ kind: 'sqlite', file });
  await db.query(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const store = new SnapshotStore(db, new WriteQueue(db));
  const id = await store.chainId(NIFTY);
  for (let i = 0; i < COMMITS; i++) {
    const slot = slotAdd(slotOf(at('09:15')), i);
    const snapshot = packQuote(marketQuote(NIFTY, slot, 90), slot, slot + 2_000, 'live');
    await store.commit(id, [{ snapshot, unknownLegs: 0, phantomLegs: 0 }], () => ({ slot, seq: i + 1 }));
    written.push(snapshot);
    disks.push(readDisk(file));
  }
  await db.destroy();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Opens an image as a start after the power cut does. @returns what is wrong with it, `acknowledged` commits being owed */
async function complaints(image: Disk, acknowledged: number): Promise<string[]> {
  const home = join(folder, 'image');
  mkdirSync(home);
  try {
    const file = join(home, 'tracker.db');
    writeDisk(file, image);
    const db = await openDatabase({ kind: 'sqlite', file });
    try {
      return await inspect(db, acknowledged);
    } finally {
      await db.destroy();
    }
  } finally {
    rmSync(home, { recursive: true });
  }
}

async function inspect(db: DataSource, acknowledged: number): Promise<string[]> {
  const found: string[] = [];
  const [check]: { integrity_check: string }[] = await db.query('PRAGMA integrity_check');
  if (check?.integrity_check !== 'ok') found.push(`integrity: ${check?.integrity_check}`);
  const store = new SnapshotStore(db, new WriteQueue(db));
  const id = await store.findChain(NIFTY);
  if (id === null) return [...found, 'the chain is lost'];
  // A damaged block is left out by `load`, and so would be missing.
  const rows = await store.load(id, 0, Number.MAX_SAFE_INTEGER);
  const [{ n }] = (await db.query('SELECT count(*) AS n FROM snapshot')) as [{ n: number }];
  const last = await store.lastPublished(id);
  if (rows.length < acknowledged) found.push(`${acknowledged - rows.length} acknowledged minutes are lost`);
  // The one under way may be there, whole; nothing else.
  if (rows.length > acknowledged + 1 || n !== rows.length) found.push(`${n} rows, ${rows.length} readable`);
  if (last?.slot !== rows.at(-1)?.slot) found.push('the latest table is not of the newest minute');
  rows.forEach((row, i) => {
    if (!sameSnapshot(row, written[i]!)) found.push(`minute ${i} has changed`);
  });
  return found;
}

const COLUMNS = ['strikes', 'present', 'oi', 'prevOi', 'ltp', 'volume'] as const;
const sameSnapshot = (a: ChainSnapshot, b: ChainSnapshot): boolean =>
  a.slot === b.slot &&
  a.capturedAt === b.capturedAt &&
  a.spot === b.spot &&
  COLUMNS.every((column) => Buffer.from(a[column].buffer).equals(Buffer.from(b[column].buffer)));

describe('F26 a power cut that drops what was not synced', () => {
  const random = seeded('power cuts');

  it('should lose and change no acknowledged minute, and leave none half, on any of the disks it may leave', async () => {
    const found: string[] = [];
    for (let n = 0; n < IMAGES && found.length === 0; n++) {
      const i = random.below(COMMITS - 1);
      const image = torn(disks[i]!, disks[i + 1]!, random);
      found.push(...(await complaints(image, i + 1)).map((what) => `image ${n} after ${i + 1}: ${what}`));
    }
    expect(found).toEqual([]);
  });

  it('should have been tried over checkpoints and new beginnings of the log', () => {
    const pairs = disks.slice(1).map((after, i) => ({ before: disks[i]!, after }));
    expect(pairs.filter(({ before, after }) => !before.db.equals(after.db)).length).toBeGreaterThan(5);
    const restarted = pairs.filter(
      ({ before, after }) => !before.wal.subarray(0, 32).equals(after.wal.subarray(0, 32)),
    );
    expect(restarted.length).toBeGreaterThan(3);
  });

  it('should be found to lose minutes where they are acknowledged before they are synced', async () => {
    let losses = 0;
    for (let n = 0; n < 30; n++) {
      const i = 1 + random.below(COMMITS - 1);
      // The log's own writes torn, though the commit has been acknowledged: as with `synchronous = OFF`.
      const found = await complaints(torn(disks[i - 1]!, disks[i]!, random, 1), i + 1).catch(
        (error: Error) => [error.message],
      );
      if (found.some((what) => /lost/.test(what))) losses += 1;
    }
    expect(losses).toBeGreaterThan(20);
  });

  it('should meet a server that syncs every commit before it acknowledges it', async () => {
    const house = await openFaultyHouse();
    const [mode] = await house.get(DataSource).query('PRAGMA synchronous');
    const [journal] = await house.get(DataSource).query('PRAGMA journal_mode');
    await house.close();
    expect({ ...mode, ...journal }).toEqual({ synchronous: 2, journal_mode: 'wal' });
  });
});
