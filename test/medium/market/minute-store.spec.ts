import { Logger } from '@nestjs/common';
import { MIGRATIONS } from '../../../server/database/options.js';
import { istMidnight } from '../../../server/domain/slot.js';
import { DAY_MS, MINUTE_MS, type Slot } from '../../../server/domain/units.js';
import { CorruptBlock } from '../../../server/market/minutes/block.js';
import {
  CAPTURED,
  COLUMNS,
  MISSING,
  emptyFrame,
  type MinuteFrame,
} from '../../../server/market/minutes/frame.js';
import { MinuteDecoder } from '../../../server/market/minutes/minute-decoder.js';
import { KEY } from '../../../server/market/minutes/minute-encoder.js';
import { MinuteStore } from '../../../server/market/minutes/minute-store.js';
import type { Universe } from '../../../server/market/minutes/universe.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { seeded, type Seeded } from '../../support/seeded.js';
import { at, aUniverse, meaningOf, OPEN } from '../../unit/market/minutes.js';

let database: TestDatabase;
let store: MinuteStore;
let universe: Universe;

// Damage is looked for where it is told to; thousands of lines of it on the screen would hide the rest.
beforeAll(() => Logger.overrideLogger(false));
beforeEach(async () => {
  database = await testDatabase(MIGRATIONS);
  store = new MinuteStore(database.dataSource, database.writeQueue);
  universe = await store.universe(aUniverse([4, 6, 2]), OPEN);
});
afterEach(() => database.close());

/** A minute in which the OI of every leg is this, of the chains with a mark that says so. */
function frameOf(slot: Slot, oi: number, marks = [CAPTURED, CAPTURED + 1, CAPTURED + 2]): MinuteFrame {
  const frame = emptyFrame(universe, slot);
  frame.marks.set(marks);
  frame.oi.fill(oi);
  return frame;
}

const append = (frame: MinuteFrame, to = store): Promise<string> =>
  to.append(universe, frame, frame.slot + 50_000);

/** Everything that can be read between two slots. */
async function read(
  from: number = OPEN,
  to: number = at(1_000),
  of = store,
): Promise<ReturnType<typeof meaningOf>[]> {
  const found = [];
  for await (const stored of of.frames(from, to)) found.push(meaningOf(stored.universe, stored.frame));
  return found;
}

const kinds = async (): Promise<number[]> => {
  const rows: { kind: number }[] = await database.dataSource.query('SELECT kind FROM minute ORDER BY slot');
  return rows.map((row) => row.kind);
};

/** A store whose reports of damage go to a list. */
function listening(lines: string[]): MinuteStore {
  const told = new MinuteStore(database.dataSource, database.writeQueue);
  told.onDamage((line) => lines.push(line));
  return told;
}

/** The block with one bit changed. */
function flipped(payload: Buffer, random: Seeded): Buffer {
  const bad = Buffer.from(payload);
  bad[random.below(bad.length)]! ^= 1 << random.below(8);
  return bad;
}

async function spoil(slot: Slot): Promise<void> {
  const rows: { payload: Buffer }[] = await database.dataSource.query(
    'SELECT payload FROM minute WHERE slot = $1',
    [slot],
  );
  const payload = Buffer.from(rows[0]!.payload);
  payload[payload.length - 3]! ^= 0x40;
  await database.dataSource.query('UPDATE minute SET payload = $1 WHERE slot = $2', [payload, slot]);
}

describe('whole-market minutes on disk', () => {
  it('should come back in order, from any minute on, over keys and gaps', async () => {
    const frames = Array.from({ length: 90 }, (_, i) => frameOf(at(i + (i > 50 ? 9 : 0)), 65 * i));
    for (const frame of frames) expect(await append(frame)).toBe('stored');
    const meanings = frames.map((frame) => meaningOf(universe, frame));
    expect(await read()).toEqual(meanings);
    expect(await read(at(39), at(43))).toEqual(meanings.slice(39, 44));
    expect(await read(at(55), at(58))).toEqual([]);
    expect((await kinds()).flatMap((kind, i) => (kind === KEY ? [i] : []))).toEqual([0, 40, 80]);
  });

  it('should leave a minute as it is when its slot comes again', async () => {
    await append(frameOf(at(0), 650));
    await append(frameOf(at(1), 700));
    expect(await append(frameOf(at(1), 999))).toBe('duplicate');
    expect(await append(frameOf(at(0), 999))).toBe('duplicate');
    expect(await append(frameOf(at(2), 750))).toBe('stored');
    expect((await read()).map(({ chains }) => chains[0]!.values![0]![0])).toEqual([650, 700, 750]);
  });

  it('should take a minute in that comes out of order, and keep all after it readable', async () => {
    const frames = [0, 1, 2, 4, 5, 6].map((i) => frameOf(at(i), 65 * (i + 1)));
    frames[4] = frameOf(at(5), 999, [CAPTURED, MISSING, CAPTURED]);
    for (const frame of frames) await append(frame);
    const late = frameOf(at(3), 12_345, [CAPTURED, 0, MISSING]);
    expect(await append(late)).toBe('stored-late');
    const all = [...frames.slice(0, 3), late, ...frames.slice(3)];
    expect(await read()).toEqual(all.map((frame) => meaningOf(universe, frame)));
    // The next one goes on from the newest.
    await append(frameOf(at(7), 4_000));
    expect((await read(at(7)))[0]!.chains[1]!.values![0]![0]).toBe(4_000);
  });

  it('should keep every minute readable, bit for bit, in whatever order they come', async () => {
    const random = seeded('late minutes');
    for (let day = 0; day < 3; day++) {
      const midnight = (OPEN + day * DAY_MS) as Slot;
      const frames = Array.from({ length: 50 }, (_, i) => {
        const marks = [0, 1, 2].map(() => random.below(6) && CAPTURED + random.below(60));
        const frame = frameOf((midnight + i * MINUTE_MS) as Slot, NaN, marks);
        for (const column of COLUMNS)
          frame[column].forEach((_value, leg) => (frame[column][leg] = 65 * random.below(leg + 2)));
        return frame;
      });
      const waiting = [...frames];
      // Mostly in order; about one in four comes some minutes late.
      while (waiting.length > 0) {
        const next = random.below(4) === 0 ? random.below(Math.min(9, waiting.length)) : 0;
        await append(waiting.splice(next, 1)[0]!);
      }
      expect(await read(midnight, midnight + 99 * MINUTE_MS)).toEqual(
        frames.map((frame) => meaningOf(universe, frame)),
      );
    }
  });

  it('should put a minute of yesterday to its day, and begin each day with a key', async () => {
    const yesterday = (at(30) - DAY_MS) as Slot;
    await append(frameOf(at(0), 650));
    await append(frameOf(at(1), 700));
    expect(await append(frameOf(yesterday, 65))).toBe('stored-late');
    await append(frameOf((at(0) + DAY_MS) as Slot, 130));
    await append(frameOf((at(1) + DAY_MS) as Slot, 130));
    const midnight = istMidnight('2026-08-18');
    expect((await read(midnight - DAY_MS, midnight - 1)).map(({ slot }) => slot)).toEqual([yesterday]);
    expect(await kinds()).toEqual([KEY, KEY, 1, KEY, 1]);
  });

  it('should begin anew after a restart, and after somebody else wrote', async () => {
    await append(frameOf(at(0), 650));
    await append(frameOf(at(1), 700));
    const other = new MinuteStore(database.dataSource, database.writeQueue);
    await append(frameOf(at(2), 750), other);
    await append(frameOf(at(3), 800), other);
    await append(frameOf(at(4), 850));
    expect(await kinds()).toEqual([KEY, 1, KEY, 1, KEY]);
    expect((await read()).map(({ chains }) => chains[2]!.values![0]![1])).toEqual([650, 700, 750, 800, 850]);
  });

  it('should write nothing and begin anew when a transaction fails', async () => {
    await append(frameOf(at(0), 650));
    await database.dataSource.query('ALTER TABLE minute RENAME TO minute_away');
    await expect(append(frameOf(at(1), 700))).rejects.toThrow();
    await database.dataSource.query('ALTER TABLE minute_away RENAME TO minute');
    expect(await append(frameOf(at(2), 750))).toBe('stored');
    expect(await kinds()).toEqual([KEY, KEY]);
    expect((await read()).map(({ slot }) => slot)).toEqual([at(0), at(2)]);
  });

  it('should report a corrupted minute, leave out what builds on it, and read on from the next key', async () => {
    const lines: string[] = [];
    const told = listening(lines);
    for (let i = 0; i < 45; i++) await append(frameOf(at(i), 65 * i));
    await spoil(at(10));
    const slots = (await read(OPEN, at(100), told)).map(({ slot }) => slot);
    expect(slots).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 40, 41, 42, 43, 44].map(at));
    expect(lines).toEqual([
      expect.stringMatching(/2026-08-18T03:55:00.000Z does not match its checksum/),
      expect.stringMatching(/2026-08-18T03:56:00.000Z needs the one 1 min before it.* up to the next key/),
    ]);
    expect((await read(at(41), at(41))).map(({ slot }) => slot)).toEqual([at(41)]);
  });

  it('F29 should notice each of 10,000 flipped bits, and still read every minute that does not build on it', async () => {
    for (let i = 0; i < 65; i++) await append(frameOf(at(i), 65 * i));
    const meanings = await read();
    const rows: { slot: number; kind: number; payload: Buffer }[] = await database.dataSource.query(
      'SELECT slot, kind, payload FROM minute ORDER BY slot',
    );
    const random = seeded('flipped bits of minutes');
    const decoders = new Map<number, MinuteDecoder>();
    for (let i = 0; i < 10_000; i++) {
      const row = rows[random.below(rows.length)]!;
      const slot = row.slot as Slot;
      const decoder = decoders.get(slot) ?? new MinuteDecoder(universe, COLUMNS, universe.id);
      decoders.set(slot, decoder);
      expect(() => decoder.read(slot, flipped(row.payload, random))).toThrow(CorruptBlock);
    }
    for (let i = 0; i < 200; i++) {
      const place = random.below(rows.length);
      const row = rows[place]!;
      const write = 'UPDATE minute SET payload = $1 WHERE slot = $2';
      await database.dataSource.query(write, [flipped(row.payload, random), row.slot]);
      const next = rows.findIndex(({ kind }, at) => at > place && kind === KEY);
      const lost = (at: number): boolean => at >= place && (next < 0 || at < next);
      expect(await read(OPEN, at(100), listening([]))).toEqual(meanings.filter((_, at) => !lost(at)));
      await database.dataSource.query(write, [row.payload, row.slot]);
    }
  });

  it('should leave the successor of a late minute as it is when it cannot be read', async () => {
    for (const i of [0, 1, 3, 4]) await append(frameOf(at(i), 65 * i));
    await spoil(at(3));
    expect(await append(frameOf(at(2), 700))).toBe('stored-late');
    expect((await read()).map(({ slot }) => slot)).toEqual([at(0), at(1), at(2)]);
  });

  it('should store a list of contracts once, and read minutes under the list they were stored with', async () => {
    expect((await store.universe(aUniverse([4, 6, 2]), OPEN + DAY_MS)).id).toBe(universe.id);
    await append(frameOf(at(0), 650));
    const first = universe;
    universe = await store.universe(aUniverse([4, 7, 2]), OPEN + MINUTE_MS);
    expect(universe.id).not.toBe(first.id);
    await append(frameOf(at(1), 700));
    expect((await read()).map(({ chains }) => chains[1]!.values![0]!.length)).toEqual([6, 7]);
    const counts: { n: number }[] = await database.dataSource.query('SELECT count(*) AS n FROM universe');
    expect(Number(counts[0]!.n)).toBe(2);
  });

  it('should report minutes whose list of contracts is damaged', async () => {
    await append(frameOf(at(0), 650));
    await database.dataSource.query('UPDATE universe SET payload = $1', [Buffer.from('not a list')]);
    const lines: string[] = [];
    const told = listening(lines);
    expect(await read(OPEN, at(9), told)).toEqual([]);
    expect(lines.join()).toMatch(/list of contracts 1 .*minutes that follow it cannot be read/);
  });
});
