/** The ways in which trackers store minutes, each with the same driver, WAL and a sync at every commit. */
import { join } from 'node:path';
import { DataSource, EntitySchema } from 'typeorm';
import { inTransaction, Sql } from '../support/sql.mjs';

/** Name of the file that every store keeps in its folder. */
export const DATABASE = 'tracker.db';

const known = (value) => (Number.isNaN(value) ? null : value);

/** Rows by (chain, slot, leg), integers, clustered: what a careful tool with rows would do. */
export class ClusteredRows {
  static async open(folder) {
    const store = new ClusteredRows();
    store.sql = await Sql.open(join(folder, DATABASE));
    await store.sql.exec(
      `CREATE TABLE leg (chain INTEGER, slot INTEGER, leg INTEGER, oi INTEGER, prev_oi INTEGER, ltp INTEGER,
       volume INTEGER, PRIMARY KEY (chain, slot, leg)) WITHOUT ROWID`,
    );
    store.insert = store.sql.prepare('INSERT INTO leg VALUES (?, ?, ?, ?, ?, ?, ?)');
    return store;
  }

  commit(chain, { slot, present, oi, prevOi, ltp, volume }) {
    return inTransaction(this.sql, async () => {
      for (let leg = 0; leg < oi.length; leg++) {
        if (present[leg] !== 1) continue;
        const paise = Number.isNaN(ltp[leg]) ? null : Math.round(ltp[leg] * 100);
        await this.insert.run(
          chain,
          slot,
          leg,
          known(oi[leg]),
          known(prevOi[leg]),
          paise,
          known(volume[leg]),
        );
      }
    });
  }

  load(chain, from, to) {
    const query = 'SELECT * FROM leg WHERE chain = ? AND slot BETWEEN ? AND ? ORDER BY slot, leg';
    return this.sql.all(query, [chain, from, to]);
  }

  async close() {
    await this.sql.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await this.sql.close();
  }
}

const OiRow = new EntitySchema({
  name: 'oi_row',
  columns: {
    id: { type: 'integer', primary: true, generated: true },
    instrument: { type: 'text' },
    timestamp: { type: 'datetime' },
    oi: { type: 'integer', nullable: true },
    prevOi: { type: 'integer', nullable: true },
    ltp: { type: 'real', nullable: true },
    volume: { type: 'integer', nullable: true },
  },
  indices: [{ columns: ['instrument', 'timestamp'], unique: true }],
});

/** An entity a leg and minute, saved by the ORM, as the field's tools do. */
export class OrmRows {
  static async open(folder) {
    const store = new OrmRows();
    const options = {
      type: 'sqlite',
      database: join(folder, DATABASE),
      enableWAL: true,
      synchronize: true,
      entities: [OiRow],
    };
    store.db = await new DataSource(options).initialize();
    await store.db.query('PRAGMA synchronous = FULL');
    store.rows = store.db.getRepository(OiRow);
    return store;
  }

  async commit(chain, { slot, strikes, present, oi, prevOi, ltp, volume }) {
    const rows = [];
    for (let leg = 0; leg < oi.length; leg++) {
      if (present[leg] !== 1) continue;
      rows.push({
        instrument: `${chain} ${strikes[leg >> 1]} ${leg % 2 === 0 ? 'CE' : 'PE'}`,
        timestamp: new Date(slot),
        ...{
          oi: known(oi[leg]),
          prevOi: known(prevOi[leg]),
          ltp: known(ltp[leg]),
          volume: known(volume[leg]),
        },
      });
    }
    await this.rows.save(rows, { chunk: 100 });
  }

  load(chain, from, to) {
    const query = this.rows
      .createQueryBuilder('row')
      .where('row.instrument LIKE :like', { like: `${chain} %` });
    return query
      .andWhere('row.timestamp BETWEEN :from AND :to', { from: new Date(from), to: new Date(to) })
      .orderBy('row.timestamp')
      .getMany();
  }

  async close() {
    await this.db.query('PRAGMA wal_checkpoint(TRUNCATE)');
    await this.db.destroy();
  }
}

/** Rows of the whole market clustered by (minute, leg), with the columns that are known and no others. */
export class MarketRows {
  static async open(folder, columns) {
    const store = Object.assign(new MarketRows(), { columns });
    store.sql = await Sql.open(join(folder, DATABASE));
    await store.sql.exec(
      `CREATE TABLE leg (minute INTEGER, leg INTEGER, ${columns.map((name) => `${name} INTEGER`).join(', ')},
       PRIMARY KEY (minute, leg)) WITHOUT ROWID`,
    );
    return store;
  }

  /** A minute as one statement: the peer is not to pay for a call a row. */
  append(frame) {
    const names = this.columns.map((_, i) => `json_extract(value, '$[${i}]')`).join(', ');
    return inTransaction(this.sql, () =>
      this.sql.all(`INSERT INTO leg SELECT ?, key, ${names} FROM json_each(?)`, [
        frame.slot / 60_000,
        rowsOf(frame, this.columns),
      ]),
    );
  }

  close = closeSql;
}

/** Rows of the whole market as an entity makes them: number, text key, ISO time, and an index over both. */
export class MarketEntities {
  static async open(folder, columns) {
    const store = Object.assign(new MarketEntities(), { columns });
    store.sql = await Sql.open(join(folder, DATABASE));
    await store.sql.exec(
      `CREATE TABLE oi_row (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, instrument TEXT NOT NULL,
       timestamp DATETIME NOT NULL, ${columns.map((name) => `${name} NUMERIC`).join(', ')});
       CREATE UNIQUE INDEX oi_row_time ON oi_row (instrument, timestamp)`,
    );
    return store;
  }

  append(frame) {
    const names = this.columns.map((_, i) => `json_extract(value, '$[${i}]')`).join(', ');
    const columns = this.columns.join(', ');
    return inTransaction(this.sql, () =>
      this.sql.all(
        `INSERT INTO oi_row (instrument, timestamp, ${columns})
         SELECT 'NSE_FO|' || (35000 + key), ?, ${names} FROM json_each(?)`,
        [new Date(frame.slot).toISOString().replace('T', ' '), rowsOf(frame, this.columns)],
      ),
    );
  }

  close = closeSql;
}

/** Prices in paise, so that they are whole. */
function rowsOf(frame, columns) {
  const scale = (name) => (name === 'ltp' ? 100 : 1);
  return JSON.stringify(
    Array.from(frame.oi, (_, leg) => columns.map((name) => Math.round(frame[name][leg] * scale(name)))),
  );
}

async function closeSql() {
  await this.sql.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  await this.sql.close();
}
