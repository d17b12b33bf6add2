/** All windows of the whole market in one SQL statement: LAG over the rows of each leg, as analysts write it. */
import { inTransaction, Sql } from '../support/sql.mjs';

const MINUTE = 60_000;
/** Minutes back to the newest that the statement reads: the longest window and itself. */
const SPAN = 31;

export class SqlWindows {
  /** @param windows minutes back, ascending */
  static async open(windows) {
    const peer = Object.assign(new SqlWindows(), { windows });
    peer.sql = await Sql.open(':memory:');
    await peer.sql.exec(
      'CREATE TABLE leg (minute INTEGER, leg INTEGER, oi INTEGER, PRIMARY KEY (leg, minute)) WITHOUT ROWID',
    );
    return peer;
  }

  /** A minute of all legs in one statement: loading is not what is measured. */
  take({ slot, oi }) {
    return inTransaction(this.sql, () =>
      this.sql.all('INSERT INTO leg SELECT ?, key, value FROM json_each(?)', [
        slot / MINUTE,
        JSON.stringify([...oi]),
      ]),
    );
  }

  /** The change of each leg over each window at a slot. */
  pass(slot) {
    const changes = this.windows.map(
      (w) =>
        `oi - lag(oi, ${w}) OVER one AS d${w}, 100.0 * (oi - lag(oi, ${w}) OVER one) / lag(oi, ${w}) OVER one AS p${w}`,
    );
    return this.sql.all(
      `SELECT * FROM (SELECT minute, leg, ${changes.join(', ')} FROM leg WHERE minute > ?
       WINDOW one AS (PARTITION BY leg ORDER BY minute)) WHERE minute = ?`,
      [slot / MINUTE - SPAN, slot / MINUTE],
    );
  }

  close() {
    return this.sql.close();
  }
}
