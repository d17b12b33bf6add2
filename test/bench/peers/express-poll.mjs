/** The peer of a push: an Express server that answers every poll with the table computed from SQL. */
import express from 'express';
import { serve, usage } from '../support/children.mjs';
import { BenchMarket, CHAIN, MINUTE, SESSION_START } from '../support/market.mjs';
import { Sql } from '../support/sql.mjs';
import { createRows, insertMinute, prepareInsert, prepareTable, sqlTable } from './sql-table.mjs';

const { packQuote } = await import(new URL('../../../dist/server/domain/pack.js', import.meta.url).href);
const market = new BenchMarket();
let sql;
let slot = SESSION_START;
let insert;

async function minute() {
  market.step();
  slot += MINUTE;
  await insertMinute(sql, insert, packQuote(market.quote(), slot, slot, 'live'));
}

serve({
  /** @returns the address, after `history` minutes have been stored in `file` */
  async start({ file, history }) {
    sql = await Sql.open(file);
    await createRows(sql);
    insert = prepareInsert(sql);
    for (let i = 0; i < history; i++) await minute();
    const statement = prepareTable(sql);
    const app = express().disable('etag');
    app.get('/table', async (_request, response) => {
      response.json({ ...CHAIN, slot, rows: await sqlTable(statement, slot) });
    });
    const listening = await new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => resolve(server));
    });
    return `http://127.0.0.1:${listening.address().port}/table`;
  },
  minute,
  usage,
});
