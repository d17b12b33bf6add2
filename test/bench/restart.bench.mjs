/** From the start of the process to the first correct table, with a session of minutes on disk. */
import { spawn } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { openHouse, settings } from './support/house.mjs';
import { EXPIRY, SESSION_SLOTS, UNDERLYING } from './support/market.mjs';
import { line } from './support/report.mjs';
import { median, nowMs } from './support/stats.mjs';

export const name = 'restart';
export const title = 'process start → first correct table over HTTP, history on disk';
export const goal = '≤ 1,500 ms with a whole session of 385 minutes on disk';

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
  return { started, listening: nowMs(), url, end };
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

async function ours({ env, cookie, expected }) {
  const program = await start(MAIN, env);
  try {
    const { at, body } = await firstTable(program.url, PATH, { cookie });
    if (!isDeepStrictEqual(body.rows, expected.rows) || body.slot !== expected.slot)
      throw new Error(`the table after the restart is another one (slot ${body.slot}, not ${expected.slot})`);
    return { listening: program.listening - program.started, table: at - program.started };
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

export async function run({ runs, quick }) {
  const rows = [];
  for (const history of quick ? [38] : [4, 38, SESSION_SLOTS - 1]) {
    const stopped = await stoppedHouse(history);
    const [mine, bare] = [[], []];
    try {
      for (let i = 0; i < runs; i++) {
        mine.push(await ours(stopped));
        bare.push(await floor());
      }
    } finally {
      await stopped.house.close();
    }
    const of = (samples, kind) => median(samples.map((one) => one[kind]));
    const peer = { peer: of(bare, 'table'), against: 'bare Nest + Socket.IO' };
    const limit = history > 100 ? { limit: 1_500 } : {};
    rows.push(
      line(`${history} minutes on disk: first correct table`, 'ms', of(mine, 'table'), { ...peer, ...limit }),
    );
    rows.push(line(`${history} minutes on disk: of that, until it listens`, 'ms', of(mine, 'listening')));
  }
  return { rows };
}
