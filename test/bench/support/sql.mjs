import sqlite3 from 'sqlite3';

/** The server's own SQLite driver, bare, with promises. */
export class Sql {
  #db;
  #statements = [];

  static async open(file) {
    const sql = new Sql();
    await new Promise((resolve, reject) => {
      sql.#db = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve()));
    });
    if (file !== ':memory:') await sql.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return sql;
  }

  exec(text) {
    return new Promise((resolve, reject) =>
      this.#db.exec(text, (error) => (error ? reject(error) : resolve())),
    );
  }

  all(text, values = []) {
    return new Promise((resolve, reject) =>
      this.#db.all(text, values, (error, rows) => (error ? reject(error) : resolve(rows))),
    );
  }

  prepare(text) {
    const statement = this.#db.prepare(text);
    this.#statements.push(statement);
    const call = (method, ...values) =>
      new Promise((resolve, reject) =>
        statement[method](...values, (error, result) => (error ? reject(error) : resolve(result))),
      );
    return { run: (...values) => call('run', values), all: (...values) => call('all', values) };
  }

  async close() {
    await Promise.all(this.#statements.map((one) => new Promise((resolve) => one.finalize(resolve))));
    return new Promise((resolve, reject) => this.#db.close((error) => (error ? reject(error) : resolve())));
  }
}

/** Runs `work` in one transaction. */
export async function inTransaction(sql, work) {
  await sql.exec('BEGIN');
  await work();
  await sql.exec('COMMIT');
}
