/**
 * An hour of market at 60 times its pace: the built server's own program, a broker with random faults, and screens that
 * stay, come and go, or stop reading. What it is worth is not how fast anything is but that nothing grows or gets lost.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { account } from './support/accounts.mjs';
import { startChild } from './support/children.mjs';
import { settings, signIn, tempFolder } from './support/house.mjs';
import { MINUTE } from './support/market.mjs';
import { line } from './support/report.mjs';
import { watch } from './support/socket-io.mjs';
import { median, nowMs, round } from './support/stats.mjs';
import { troubleMaker } from './support/trouble.mjs';

export const name = 'soak';
export const title = 'an hour of market at 60×, with faults, 500 screens, some of them restless or stalled';
export const goal =
  'memory within 10 % after warm-up, no unhandled rejection, every slot accounted for, resources back to the start';

const RATE = 60;
const DATE = '2026-08-18';
const OPEN = Date.parse(`${DATE}T09:15:00+05:30`);
/** Market time before the open, in which the server starts and the screens come. */
const LEAD_MS = 25 * MINUTE;
/** Market minutes after the trouble, in which what was missed may be made up for. */
const CALM_MINUTES = 8;
const SYMBOLS = ['NIFTY', 'BANKNIFTY', 'SENSEX'];
/** The share of the time that is warm-up: windows, code and pools fill. */
const WARM_UP = 1 / 3;
const SHARES = { restless: 0.15, stalled: 0.05 };
const SAMPLE_MS = 500;
const PATIENCE_MS = 60_000;
const CATCH_UP_MS = 10_000;
/** Words that stand in the output when something went wrong that nobody took care of. */
const UNCARED = /unhandled|uncaught|\bTypeError\b|\bReferenceError\b|MaxListenersExceeded|\(node:\d+\)/i;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, check, patienceMs = PATIENCE_MS) {
  const deadline = nowMs() + patienceMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (nowMs() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(50);
  }
}

/** The simulator on a clock that stands still until it is told what time it is at the server. */
async function openBroker(seed) {
  const { generatedMarket, startSimulator } = await import('../../dist/server/simulator/index.js');
  const clock = { at: OPEN - LEAD_MS, since: null };
  const now = () => (clock.since === null ? clock.at : clock.at + (nowMs() - clock.since) * RATE);
  const simulator = await startSimulator({
    market: generatedMarket({ seed, date: DATE }),
    now,
    limits: false,
  });
  const set = (at) => Object.assign(clock, { at, since: nowMs() });
  return { simulator, now, set };
}

/** `dist/server/main.js` with an observer beside it. */
async function openServer(simulator, folder) {
  const printed = { text: '' };
  const child = startChild('../../dist/server/main.js', {
    execArgv: ['--expose-gc', '--import', new URL('load/observe.mjs', import.meta.url).href],
    env: {
      ...settings(simulator.url, folder),
      ...{ PINNED: SYMBOLS.join(','), UPSTOX_ACCESS_TOKEN: 'demo' },
      ...{ CLOCK_START: String(OPEN - LEAD_MS), CLOCK_RATE: String(RATE) },
    },
    output: (chunk) => (printed.text += chunk),
  });
  const listening = /listening on (http:\/\/127\.0\.0\.1:\d+)/;
  const [, url] = await until('the server', () => listening.exec(printed.text));
  return { child, printed, url };
}

const get = async ({ url, cookie }, path) => {
  const answer = await fetch(`${url}${path}`, { headers: { cookie } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.headers.get('content-type').startsWith('application/json') ? answer.json() : answer.text();
};

/** What time it is at the server: every screen is told when it comes. */
async function serverNow({ url, cookie }, chain) {
  let now;
  const { socket } = await watch({ url, cookie, chain }, (data) => {
    now ??= /"serverNow":(\d+)/.exec(data)?.[1];
  });
  await until("the server's time", () => now);
  socket.terminate();
  return Number(now);
}

async function chainsOf(house) {
  const listed = await until('the instrument list', async () => {
    const all = await get(house, '/api/underlyings').catch(() => []);
    return SYMBOLS.every((symbol) => all.some((one) => one.symbol === symbol)) && all;
  });
  return SYMBOLS.map((symbol) => listed.find((one) => one.symbol === symbol)).map((one) => ({
    underlying: one.key,
    expiry: one.nearestExpiry,
  }));
}

/** Resident memory and open files, as the operating system counts them, and the heap as the server tells monitors. */
async function sample(house) {
  const { pid } = house.child;
  const rss = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  const metrics = await get(house, '/metrics');
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics)[1]) / 2 ** 20;
  return { at: house.now(), rss, heap, fds: readdirSync(`/proc/${pid}/fd`).length };
}

/** The fewest that are seen within a while: calls of the broker come and go. */
async function resources({ child }) {
  const least = {};
  for (let i = 0; i < 60; i++) {
    const seen = { fds: readdirSync(`/proc/${child.pid}/fd`).length, ...(await child.ask('resources')) };
    for (const kind of new Set([...Object.keys(seen), ...Object.keys(least)]))
      least[kind] = Math.min(least[kind] ?? Infinity, seen[kind] ?? 0);
    await pause(100);
  }
  return least;
}

/** Memory samples until a moment of the market. */
async function watchMemory(house, to) {
  const samples = [];
  while (house.now() < to) {
    samples.push(await sample(house));
    await pause(SAMPLE_MS);
  }
  return samples;
}

async function makeTrouble(house, trouble, minutes) {
  for (let i = 0; i < minutes; i++) {
    while (house.now() < OPEN + i * MINUTE) await pause(5);
    await trouble.minute(i);
  }
}

/** The hour. @returns everything that was counted and seen */
async function soak(house, { minutes, screens, seed }) {
  const end = OPEN + minutes * MINUTE;
  const trouble = troubleMaker({
    ...{ faults: house.simulator.faults, minutes, seed },
    signIn: () => signIn(house.url),
  });
  const crowd = startChild('load/restless.mjs');
  const [restless, stalled] = [SHARES.restless, SHARES.stalled].map((share) => Math.round(share * screens));
  const { url, cookie, chains } = house;
  const kinds = { steady: screens - restless - stalled, restless, stalled };
  await crowd.ask('open', { ...kinds, chains, seed, url, cookie });
  if (house.now() > OPEN) throw new Error('the screens came after the open: raise LEAD_MS');
  const warm = OPEN + minutes * MINUTE * WARM_UP;
  const troubled = makeTrouble(house, trouble, minutes);
  const samples = await watchMemory(house, warm);
  const heaps = [{ at: house.now(), bytes: await house.child.ask('heap') }];
  samples.push(...(await watchMemory(house, end)));
  await troubled;
  house.simulator.faults.clear();
  heaps.push({ at: house.now(), bytes: await house.child.ask('heap') });
  while (house.now() < end + CALM_MINUTES * MINUTE) await pause(20);
  await freeze(house);
  const late = await lateScreens(house, crowd);
  const state = await crowd.ask('state');
  await crowd.ask('close');
  await crowd.end();
  return { samples, warm, heaps, state, late, faults: trouble.counts };
}

/** Steady screens that do not get the newest table, though nothing new comes any more. */
async function lateScreens(house, crowd) {
  const deadline = nowMs() + CATCH_UP_MS;
  const tables = await Promise.all(house.chains.map((chain) => get(house, pathOf(chain))));
  for (;;) {
    const { seqs } = await crowd.ask('state');
    const late = house.chains.flatMap((chain, i) =>
      seqs[JSON.stringify(chain)].filter((seq) => seq !== tables[i].seq),
    );
    if (late.length === 0 || nowMs() > deadline) return late.length;
    await pause(100);
  }
}

/** The token dies for good: nothing is captured any more, so that the report and the disk are of the same moment. */
async function freeze(house) {
  house.simulator.faults.inject('all', { type: 'token-death' }, Infinity);
  await until('the end of the collection', async () =>
    (await get(house, '/metrics')).includes('\noi_broker_signed_in 0'),
  );
}

const pathOf = ({ underlying, expiry }) => `/api/chains/${encodeURIComponent(underlying)}/${expiry}/table`;

/** How far the medians of the first and the last third after the warm-up are apart, as a share of the first. */
function growth(samples, warm, kind) {
  const after = samples.filter(({ at }) => at >= warm).map((one) => one[kind]);
  const third = Math.floor(after.length / 3);
  const [first, last] = [median(after.slice(0, third)), median(after.slice(-third))];
  return { first, last, percent: (100 * (last - first)) / first };
}

/** What there is more of at the end than at the start. */
const leftOver = (before, after) =>
  Object.entries(after).filter(([kind, count]) => count > (before[kind] ?? 0));

function rowsOf({ seen, accounts, leaks, uncared, code, minutes, screens }) {
  const hard = true;
  const rss = growth(seen.samples, seen.warm, 'rss');
  const heap = growth(seen.samples, seen.warm, 'heap');
  const [first, last] = seen.heaps;
  const collected = (100 * (last.bytes - first.bytes)) / first.bytes;
  const nowhere = accounts.wrong.length;
  const sum = accounts.captured + accounts.backfilled + accounts.refused + accounts.missed + accounts.before;
  return [
    line('RSS: last third against first, after warm-up', '%', rss.percent, { limit: 10, hard }),
    line('RSS at the end', 'MB', rss.last),
    line('heap in use, the same', '%', heap.percent),
    line('heap after a collection: end against end of warm-up', '%', collected, { limit: 10, hard }),
    line('rejections or errors that nobody cared for', 'lines', uncared.length, { limit: 0, hard }),
    line('exit code after SIGTERM', '', code ?? 255, { limit: 0, hard }),
    line(`slots of ${SYMBOLS.length} chains × ${minutes} minutes that are accounted for`, 'slots', sum),
    ...['captured', 'backfilled', 'refused', 'missed'].map((kind) =>
      line(`of these ${kind}`, 'slots', accounts[kind]),
    ),
    line('of these before a chain was wanted, where the report begins', 'slots', accounts.before),
    line('contradictions between report and database', '', nowhere, { limit: 0, hard }),
    line('kinds of resources (files, timers, sockets) with more than at the start', '', leaks.length, {
      ...{ limit: 0, hard },
    }),
    line(`screens of ${screens} that were cut off`, 'cuts', seen.state.cut),
    line('gaps that a screen noticed, and asked anew', 'gaps', seen.state.gaps),
    line('steady screens without the newest table at the end', 'screens', seen.late, { limit: 0, hard }),
  ];
}

export async function run({ quick, full }) {
  const minutes = quick ? 24 : full ? 360 : 60;
  const screens = quick ? 100 : full ? 1_000 : 500;
  const seed = Number(process.env.SEED ?? 20_260_818);
  console.log(`  SEED=${seed}`);
  const data = tempFolder();
  const { simulator, now, set } = await openBroker(seed);
  const server = await openServer(simulator, data.folder);
  const house = { ...server, simulator, now, cookie: await signIn(server.url) };
  try {
    house.chains = await chainsOf(house);
    set(await serverNow(house, house.chains[0]));
    const before = await resources(house);
    const seen = await soak(house, { minutes, screens, seed });
    const after = await resources(house);
    const slots = Array.from({ length: minutes }, (_, i) => OPEN + i * MINUTE);
    const report = await get(house, `/api/quality?date=${DATE}`);
    const file = join(data.folder, 'tracker.db');
    await house.child.end();
    const code = await house.child.exited;
    const accounts = await account({ report, file, symbols: SYMBOLS, slots });
    const uncared = house.printed.text.split('\n').filter((text) => UNCARED.test(text));
    const leaks = leftOver(before, after);
    const { samples, heaps, state, faults } = seen;
    const rows = rowsOf({ seen, accounts, leaks, uncared, code, minutes, screens });
    const errors = house.printed.text.split('\n').filter((text) => text.includes('"level":"error"'));
    const detail = { seed, faults, before, after, heaps, accounts, uncared, errors: errors.slice(0, 20) };
    const points = samples.map((one) => [one.rss, one.heap, one.fds].map(round));
    return { rows, detail: { ...detail, screens: { ...state, seqs: undefined }, rssHeapFds: points } };
  } finally {
    await house.child.end();
    await simulator.close();
    data.remove();
  }
}
