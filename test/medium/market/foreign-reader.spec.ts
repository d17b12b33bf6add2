import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { MIGRATIONS } from '../../../server/database/options.js';
import { addDays } from '../../../server/domain/slot.js';
import type { ChainSnapshot } from '../../../server/domain/snapshot.js';
import { DAY_MS, type IsoDate, type Slot } from '../../../server/domain/units.js';
import { ChainDays, type ChainDay } from '../../../server/market/minutes/chain-day.js';
import { ChunkStore } from '../../../server/market/minutes/chunk-store.js';
import { CAPTURED, COLUMNS, emptyFrame, type MinuteFrame } from '../../../server/market/minutes/frame.js';
import { MinuteStore } from '../../../server/market/minutes/minute-store.js';
import { SnapshotDays } from '../../../server/snapshot/snapshot-days.js';
import { SnapshotStore } from '../../../server/snapshot/snapshot-store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { describeWithPython, python } from '../../support/python.js';
import { seeded } from '../../support/seeded.js';
import { aRun, at, aUniverse, meaningOf, OPEN } from '../../unit/market/minutes.js';
import * as frozen from '../../unit/market/minutes-v1.js';
import { aDayOfSnapshots, snapshots } from '../../unit/snapshot/snapshots.js';

const READER = fileURLToPath(new URL('fixtures/read_tracker.py', import.meta.url));
const ALL = [0, Number.MAX_SAFE_INTEGER] as const;
const DATE = '2026-08-18';
const CHAINS = 7;
const SEED = 20_260_818;

/** A line of the reader: JSON, in which unknown is null. */
type Line = { kind: string; damaged?: string } & Record<string, unknown>;

const known = (values: ArrayLike<number>): (number | null)[] =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : value));

describeWithPython('a reader in Python, which follows docs/storage.md', () => {
  let database: TestDatabase;
  let minutes: MinuteStore;
  let chunks: ChunkStore;
  let store: SnapshotStore;

  beforeEach(async () => {
    database = await testDatabase(MIGRATIONS);
    const { dataSource, writeQueue } = database;
    minutes = new MinuteStore(dataSource, writeQueue);
    chunks = new ChunkStore(dataSource, writeQueue);
    store = new SnapshotStore(dataSource, writeQueue);
    for (let i = 1; i <= CHAINS; i++) await store.chainId({ underlying: `NSE_EQ|${i}`, expiry: DATE });
  });
  afterEach(() => database.close());

  async function lines(kind: string): Promise<Line[]> {
    const printed = await python(READER, database.file);
    const all = printed.split('\n').filter((line) => line !== '');
    return all.map((line) => JSON.parse(line) as Line).filter((line) => line.kind === kind);
  }

  /** What the server itself reads of all minutes, in the reader's words. */
  async function minutesRead(): Promise<unknown[]> {
    const found: unknown[] = [];
    for await (const { universe, frame } of minutes.frames(...ALL)) {
      const { slot, chains } = meaningOf(universe, frame);
      const plain = chains.map(({ mark, values }, i) => ({
        chain: universe.chainIds[i],
        mark,
        values: values && Object.fromEntries(COLUMNS.map((column, c) => [column, known(values[c]!)])),
      }));
      found.push({ kind: 'minute', slot, chains: plain });
    }
    return found;
  }

  const plainColumns = (snapshot: ChainSnapshot) => ({
    ...snapshot,
    strikes: [...snapshot.strikes],
    present: [...snapshot.present],
    ...Object.fromEntries(COLUMNS.map((column) => [column, known(snapshot[column])])),
  });

  const plainSnapshot = (chain: number, snapshot: ChainSnapshot) => ({
    ...{ kind: 'snapshot', chain },
    ...plainColumns(snapshot),
  });

  const plainDay = (date: IsoDate, { chainId, slots, marks, legs, values }: ChainDay) => ({
    kind: 'day',
    chain: chainId,
    date,
    slots,
    marks,
    legs,
    values: values.map((one) => Object.fromEntries(COLUMNS.map((column) => [column, known(one[column])]))),
  });

  const copyOf = (frame: MinuteFrame): MinuteFrame => ({
    ...{ slot: frame.slot, marks: frame.marks.slice() },
    ...{ oi: frame.oi.slice(), ltp: frame.ltp.slice() },
    ...{ volume: frame.volume.slice(), prevOi: frame.prevOi.slice() },
  });

  /**
   * An hour and more of one market: keys, deltas, chains that are left out and come back.
   * @param isUneven one minute in five comes two minutes late
   */
  async function anHour(isUneven = false): Promise<void> {
    const universe = await minutes.universe(aUniverse([6, 8, 1, 5]), OPEN);
    const random = seeded('an hour of minutes');
    const frame = emptyFrame(universe, OPEN);
    let late: MinuteFrame | null = null;
    for (let minute = 0; minute < 70; minute++) {
      frame.slot = at(minute + (minute > 40 ? 5 : 0));
      frame.marks.forEach(
        (_, chain) => (frame.marks[chain] = random.below(5) && CAPTURED + random.below(60)),
      );
      for (const column of COLUMNS)
        frame[column].forEach((value, leg) => {
          if (random.below(4) > 0) return;
          const step = column === 'ltp' ? 0.05 : 65;
          frame[column][leg] = random.below(9) === 0 ? NaN : Math.round((value || 100) / step + 1) * step;
        });
      if (isUneven && minute % 5 === 2) late = copyOf(frame);
      else await minutes.append(universe, frame, frame.slot + 50_000);
      if (minute % 5 === 4 && late) await minutes.append(universe, late, late.slot + 50_000);
    }
  }

  it('should read an hour of minutes as the server does, over keys, gaps and chains left out', async () => {
    await anHour();
    const read = await lines('minute');
    expect(read).toHaveLength(70);
    expect(read).toEqual(await minutesRead());
  });

  it('should read any minutes of any list of contracts as the server does, bit for bit', async () => {
    for (const [day, run] of fc.sample(aRun, { numRuns: 40, seed: SEED }).entries()) {
      const universe = await minutes.universe(run.universe, OPEN + day * DAY_MS);
      for (const frame of run.frames) {
        const slot = (frame.slot + day * DAY_MS) as Slot;
        await minutes.append(universe, { ...frame, slot }, slot);
      }
    }
    const read = await lines('minute');
    expect(read.length).toBeGreaterThan(100);
    expect(read).toEqual(await minutesRead());
  });

  it('should read minutes that were stored long ago as the server does', async () => {
    const { id } = await minutes.universe(frozen.universe, OPEN);
    expect(id).toBe(frozen.UNIVERSE_ID);
    for (const [i, { slot }] of frozen.frames.entries())
      await database.dataSource.query(
        'INSERT INTO minute (slot, universe_id, kind, captured_at, payload) VALUES ($1, $2, $3, $1, $4)',
        [slot, id, i === 0 ? 0 : 1, frozen.payloads[i]],
      );
    const read = await lines('minute');
    expect(read).toHaveLength(frozen.frames.length);
    expect(read).toEqual(await minutesRead());
  });

  it('should read minutes that came late, and those after them, as the server does', async () => {
    await anHour(true);
    const read = await lines('minute');
    expect(read).toHaveLength(70);
    expect(read).toEqual(await minutesRead());
  });

  it('should read any snapshot as the server does, bit for bit', async () => {
    const captured = fc.sample(snapshots, { numRuns: 60, seed: SEED });
    for (const [i, drawn] of captured.entries()) {
      const snapshot = { ...drawn, slot: at(i) };
      await store.commit(1, [{ snapshot, unknownLegs: 0, phantomLegs: 0 }], null);
    }
    const stored = await store.load(1, ...ALL);
    expect(stored).toHaveLength(60);
    expect(await lines('snapshot')).toEqual(stored.map((snapshot) => plainSnapshot(1, snapshot)));
  });

  it('should read packed days of snapshots as the server does, bit for bit', async () => {
    const days = fc.sample(aDayOfSnapshots, { numRuns: 40, seed: SEED });
    for (const [i, day] of days.entries())
      await new SnapshotDays(database.dataSource).put(database.dataSource.manager, 1, addDays(DATE, i), day);
    const read = await lines('snapshot-day');
    expect(read).toHaveLength(40);
    expect(read).toEqual(
      days.map((day, i) => ({
        ...{ kind: 'snapshot-day', chain: 1, date: addDays(DATE, i) },
        snapshots: day.map((one) => ({ ...one, snapshot: plainColumns(one.snapshot) })),
      })),
    );
  });

  it('should read packed days of the market as the server does, bit for bit', async () => {
    const expected: unknown[] = [];
    for (const [i, run] of fc.sample(aRun, { numRuns: 40, seed: SEED }).entries()) {
      const date = addDays(DATE, i);
      const days = new ChainDays(new Set(run.universe.chainIds));
      for (const frame of run.frames) days.take({ ...run.universe, id: 1, validFrom: 0 }, frame);
      await chunks.put(date, [...days.all().values()]);
      for (const id of await chunks.chainsOn(date))
        expected.push(plainDay(date, (await chunks.get(id, date))!));
    }
    const read = await lines('day');
    expect(read.length).toBeGreaterThan(40);
    expect(read).toHaveLength(expected.length);
    expect(read).toEqual(expect.arrayContaining(expected));
  });

  it('should leave out what is damaged, like the server, and read the rest', async () => {
    await anHour();
    const [row] = (await database.dataSource.query('SELECT payload FROM minute WHERE slot = $1', [
      at(10),
    ])) as [{ payload: Buffer }];
    row.payload[row.payload.length - 2]! ^= 4;
    await database.dataSource.query('UPDATE minute SET payload = $1 WHERE slot = $2', [row.payload, at(10)]);
    const read = await lines('minute');
    expect(read.filter(({ damaged }) => damaged !== undefined)).toHaveLength(30);
    const good = read.filter(({ damaged }) => damaged === undefined);
    expect(good).toHaveLength(40);
    expect(good).toEqual(await minutesRead());
  });
});
