/** From the start of the process to the first correct table, with a session of minutes or a month of the market on disk. */
import { spawn } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { openHouse, settings } from './support/house.mjs';
import { CONTRACTS, DAYS, RECENT, storeMonth } from './support/market-month.mjs';
import { EXPIRY, SESSION_SLOTS, UNDERLYING } from './support/market.mjs';
import { canReadMemory, steadyMemory } from './support/memory.mjs';
import { line } from './support/report.mjs';
import { median, nowMs } from './support/stats.mjs';

export const name = 'restart';
export const title = 'process start → first correct table over HTTP, history on disk';
export const goal =
  '≤ 1,500 ms with a whole session of 385 minutes or a month of the whole market on disk; ring ≤ 100 ms; ' +
  'peak at the start ≤ 1.3 × steady memory';

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));
const BARE = fileURLToPath(new URL('peers/bare-nest.mjs', import.meta.url));
const PATH = `/api/chains/${encodeURIComponent(UNDERLYING)}/${EXPIRY}/table`;
const PATIENCE_MS = 30_000;

/** Starts a program and waits for its address. */
async function start(script, env) {
  const started = nowMs();
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const end = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(killer);
  };
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text);
      if (found) resolve(found[1]);
    });
    exited.then((code) => reject(new Error(`ended with ${code}: ${text.slice(-500)}`)));
  });
  return { started, listening: nowMs(), url, pid: child.pid, end };
}

/** Asks until there is a table. @returns it, and when it had come */
async function firstTable(url, path, headers) {
  const deadline = nowMs() + PATIENCE_MS;
  for (;;) {
    const answer = await fetch(`${url}${path}`, { headers });
    const body = await answer.json();
    if (answer.ok) return { at: nowMs(), body };
    if (nowMs() > deadline) throw new Error(`no table: ${JSON.stringify(body)}`);
  }
}

async function ours({ env, cookie, expected }, { memory = false } = {}) {
  const program = await start(MAIN, env);
  try {
    const { at, body } = await firstTable(program.url, PATH, { cookie });
    if (!isDeepStrictEqual(body.rows, expected.rows) || body.slot !== expected.slot)
      throw new Error(`the table after the restart is another one (slot ${body.slot}, not ${expected.slot})`);
    const times = { listening: program.listening - program.started, table: at - program.started };
    return memory ? { ...times, ...(await steadyMemory(program.pid)) } : times;
  } finally {
    await program.end();
  }
}

async function floor() {
  const program = await start(BARE, {});
  try {
    const { at } = await firstTable(program.url, '/table', {});
    return { table: at - program.started };
  } finally {
    await program.end();
  }
}

/** A house with so many minutes on disk, its tracker stopped. */
async function stoppedHouse(history) {
  const house = await openHouse({ history: history - 1 });
  const expected = await house.table();
  await house.tracker.end();
  // The new process wakes up in the minute that was captured last, so that nothing new is due.
  const env = { ...settings(house.broker.url, house.folder), CLOCK_START: String(expected.slot + 5_000) };
  return { house, env, cookie: house.cookie, expected };
}

/** Starts ours and the peer in turns. */
async function compare(stopped, runs, what, limit) {
  const [mine, bare] = [[], []];
  for (let i = 0; i < runs; i++) {
    mine.push(await ours(stopped));
    bare.push(await floor());
  }
  const of = (samples, kind) => median(samples.map((one) => one[kind]));
  const peer = { peer: of(bare, 'table'), against: 'bare Nest + Socket.IO' };
  return [
    line(`${what}: first correct table`, 'ms', of(mine, 'table'), { ...peer, ...limit }),
    line(`${what}: of that, until it listens`, 'ms', of(mine, 'listening')),
  ];
}

const LIMIT = { limit: 1_500 };

async function withMinutes(history, runs) {
  const stopped = await stoppedHouse(history);
  try {
    const limit = history > 100 ? LIMIT : {};
    return await compare(stopped, runs, `${history} minutes on disk`, limit);
  } finally {
    await stopped.house.close();
  }
}

const MEMORY_RUNS = 3;

async function withMonth(runs) {
  const stopped = await stoppedHouse(RECENT + 3);
  try {
    const { ringMs, bytes } = await storeMonth(stopped.house.folder, stopped.expected.slot);
    const what = `a month of ${CONTRACTS.toLocaleString('en')} contracts on disk`;
    const rows = await compare(stopped, runs, what, LIMIT);
    rows.push(line(`the last ${RECENT} minutes of it read back into the ring`, 'ms', ringMs, { limit: 100 }));
    if (canReadMemory) rows.push(...(await memoryRows(stopped, what, Math.min(runs, MEMORY_RUNS))));
    return { rows, detail: { days: DAYS, contracts: CONTRACTS, packedBytes: bytes } };
  } finally {
    await stopped.house.close();
  }
}

/** The peer of the peak is the same process once it has come to rest. */
async function memoryRows(stopped, what, runs) {
  const samples = [];
  for (let i = 0; i < runs; i++) samples.push(await ours(stopped, { memory: true }));
  const mb = (kind) => median(samples.map((one) => one[kind])) / 2 ** 20;
  const peer = { peer: mb('steady'), against: 'steady memory' };
  return [line(`${what}: peak memory of the start`, 'MB', mb('peak'), { ...peer, ratio: 1.3 })];
}

export async function run({ runs, quick }) {
  const rows = [];
  for (const history of quick ? [38] : [4, 38, SESSION_SLOTS - 1])
    rows.push(...(await withMinutes(history, runs)));
  const month = await withMonth(runs);
  return { rows: [...rows, ...month.rows], detail: month.detail };
}
