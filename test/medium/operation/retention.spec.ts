import { Retention } from '../../../server/database/retention.js';
import { ManualClock } from '../../../server/clock/clock.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { MIGRATIONS } from '../../../server/database/options.js';
import { addDays, istAt, istDate } from '../../../server/domain/slot.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const TODAY = '2026-08-18';
const TIMES = ['09:15', '12:00', '15:39'];

describe('retention', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase(MIGRATIONS);
    for (const expiry of ['2026-08-18', '2026-08-25'])
      await database.dataSource.query(
        `INSERT INTO chain (underlying_key, expiry) VALUES ('NSE_INDEX|Nifty 50', $1)`,
        [expiry],
      );
    await database.dataSource.query(
      `INSERT INTO universe (valid_from, chains, legs, payload) VALUES (0, 1, 1, X'00')`,
    );
    for (let back = 0; back < 10; back += 1) await store(addDays(TODAY, -back));
  });
  afterEach(() => database.close());

  const run = (days: number, at = istAt(TODAY, '01:00')): Promise<number> =>
    new Retention(
      database.dataSource,
      database.writeQueue,
      new ManualClock(at),
      loadConfig({ RETENTION_DAYS: String(days) }),
    ).run();

  async function store(date: string): Promise<void> {
    for (const time of TIMES) {
      const slot = istAt(date, time);
      for (const chain of [1, 2]) {
        await database.dataSource.query(
          `INSERT INTO snapshot (chain_id, slot, captured_at, source, legs, unknown_legs, phantom_legs, payload)
           VALUES ($1, $2, $3, 0, 1, 0, 0, X'00')`,
          [chain, slot, slot],
        );
        await database.dataSource.query(
          `INSERT INTO refusal (chain_id, slot, reason, detail) VALUES ($1, $2, 'all-zero', '')`,
          [chain, slot + 60_000],
        );
        await database.dataSource.query(`INSERT INTO wanted_since (chain_id, slot) VALUES ($1, $2)`, [
          ...[chain, slot],
        ]);
      }
      await database.dataSource.query(
        `INSERT INTO minute (slot, universe_id, kind, captured_at, payload) VALUES ($1, 1, 0, $2, X'00')`,
        [slot, slot],
      );
    }
    await database.dataSource.query(
      `INSERT INTO snapshot_day (chain_id, date, first_slot, last_slot, snapshots, payload)
       VALUES (1, $1, 0, 0, 1, X'00')`,
      [date],
    );
    await database.dataSource.query(
      `INSERT INTO day_chunk (chain_id, date, slots, payload) VALUES (1, $1, 3, X'00')`,
      [date],
    );
  }

  async function dates(table: string): Promise<string[]> {
    const rows: { slot: number }[] = await database.dataSource.query(
      `SELECT slot FROM ${table} ORDER BY slot`,
    );
    return [...new Set(rows.map(({ slot }) => istDate(slot)))];
  }

  it('should keep everything for ever unless the owner says otherwise', async () => {
    expect(await run(0)).toBe(0);
    expect(await dates('snapshot')).toHaveLength(10);
  });

  it('should delete what is older than the days to keep, of every kind of minute', async () => {
    expect(await run(5)).toBe(4 * (TIMES.length * 7 + 2));
    for (const table of ['snapshot', 'refusal', 'wanted_since', 'minute'])
      expect(await dates(table)).toEqual([5, 4, 3, 2, 1, 0].map((back) => addDays(TODAY, -back)));
    for (const table of ['day_chunk', 'snapshot_day'])
      expect(await database.dataSource.query(`SELECT min(date) AS oldest FROM ${table}`)).toEqual([
        { oldest: addDays(TODAY, -5) },
      ]);
    expect(await run(5)).toBe(0);
  });

  it("should never delete today's or yesterday's, at whatever hour it runs", async () => {
    for (const time of ['00:00', '09:15', '23:59']) {
      await run(1, istAt(TODAY, time));
      expect(await dates('snapshot')).toEqual([addDays(TODAY, -1), TODAY]);
    }
  });

  it('should hold no write of a capture up for longer than one day of one chain', async () => {
    const order: string[] = [];
    const deleting = run(1).then(() => order.push('deleted'));
    const capture = database.writeQueue.write(() => Promise.resolve()).then(() => order.push('captured'));
    await Promise.all([deleting, capture]);
    expect(order).toEqual(['captured', 'deleted']);
  });
});
