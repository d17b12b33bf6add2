/**
 * One change of a 250-leg chain to N screens: through the built server's gateway, and the same bytes through a bare `ws`
 * server. Clients are bare WebSockets in two processes of their own. The sockets of both stay open; the two take turns.
 */
import { startChild } from './support/children.mjs';
import { openHouse } from './support/house.mjs';
import { line } from './support/report.mjs';
import { watch, isChange } from './support/socket-io.mjs';
import { median, percentile, round, sum } from './support/stats.mjs';

export const name = 'fanout';
export const title = 'one change to N watching sockets, against plain ws';
export const goal =
  'server CPU per delivered message ≤ 1.1 × plain ws; p99 ≤ 1.15 × and ≤ 150 ms at 5,000; ≤ 20 KB and ≤ 2.5 × RSS per socket';

const PROCESSES = 2;
const TICKS_A_ROUND = 4;
const BASELINE_TICKS = 12;

/** Processes that hold the sockets of one side. */
class Crowd {
  #children = Array.from({ length: PROCESSES }, () => startChild('load/clients.mjs'));
  size = 0;

  async grow(to, target) {
    const count = (to - this.size) / PROCESSES;
    const opened = await Promise.all(this.#children.map((child) => child.ask('open', { ...target, count })));
    const added = to - this.size;
    this.size = to;
    const ms = Math.max(...opened.map((one) => one.ms));
    return { perSecond: Math.round((added / ms) * 1_000), joinBytes: opened[0].joinBytes };
  }

  /** Runs one push and waits until every socket has it. @returns when each arrived, and how many other events came */
  async receive(push) {
    await Promise.all(this.#children.map((child) => child.ask('clear')));
    const all = Promise.all(this.#children.map((child) => child.ask('all')));
    const pushed = await push();
    const got = await all;
    return {
      pushed,
      arrivals: got.flatMap((one) => one.arrivals),
      others: sum(got.map((one) => one.others)),
    };
  }
}

/** One push: CPU µs of the server for all of it, ms from its start to each arrival, ms that its loop was busy sending. */
async function measure(crowd, server, push) {
  const { pushed, arrivals, others } = await crowd.receive(push);
  const { cpu } = await server.ask('usage', {});
  const latencies = arrivals.map((at) => at - pushed.start);
  return {
    cpu: cpu - pushed.cpu,
    messages: arrivals.length + others,
    latencies,
    blockMs: pushed.end - pushed.start,
    others,
  };
}

const rss = async (child) => (await child.ask('usage', { collect: true })).rss;

async function atSize(n, { house, peer, crowds, runs, frame, baseline }) {
  const grown = {};
  const sides = { ours: house.tracker, ws: peer.child };
  const added = n - crowds.ours.size;
  for (const [side, child] of Object.entries(sides)) {
    const before = await rss(child);
    const target =
      side === 'ours' ? { url: house.url, cookie: house.cookie, chain: house.chain } : { url: peer.url };
    grown[side] = await crowds[side].grow(n, target);
    grown[side].rss = ((await rss(child)) - before) / added;
  }
  await house.tracker.ask('mute', true);
  const samples = { ours: [], ws: [] };
  const statusEvents = [];
  const pushes = { ours: () => house.tick(), ws: () => peer.child.ask('broadcast', frame()) };
  for (let round = 0; round <= runs; round++)
    for (const [side, child] of Object.entries(sides))
      for (let i = 0; i < TICKS_A_ROUND; i++) {
        const one = await measure(crowds[side], child, pushes[side]);
        if (side === 'ours') statusEvents.push(await house.tracker.ask('settle'));
        // The first round warms up.
        if (round > 0) samples[side].push(one);
      }
  await house.tracker.ask('mute', false);
  return figures(n, samples, { grown, baseline, statusEvents });
}

function figures(n, { ours, ws }, { grown, baseline, statusEvents }) {
  const perMessage = (one, less = 0) => median(one.map(({ cpu, messages }) => (cpu - less) / messages));
  const at = (one, share) =>
    percentile(
      one.flatMap(({ latencies }) => latencies),
      share,
    );
  const against = 'plain ws';
  const large = n >= 1_000;
  return {
    rows: [
      line(`N = ${n}: server CPU per message, pushing`, 'µs', perMessage(ours, baseline), {
        ...{ peer: perMessage(ws), against, ...(large ? { ratio: 1.1 } : {}) },
      }),
      line(`N = ${n}: the same, fetch, commit and table included`, 'µs', perMessage(ours), {
        peer: perMessage(ws),
        against,
      }),
      line(`N = ${n}: push begins → frame read, p50`, 'ms', at(ours, 0.5), { peer: at(ws, 0.5), against }),
      line(`N = ${n}: push begins → frame read, p99`, 'ms', at(ours, 0.99), {
        ...{
          peer: at(ws, 0.99),
          against,
          ...(large ? { ratio: 1.15 } : {}),
          ...(n === 5_000 ? { limit: 150 } : {}),
        },
      }),
      line(`N = ${n}: event loop busy sending, median`, 'ms', median(ours.map((one) => one.blockMs)), {
        ...{ peer: median(ws.map((one) => one.blockMs)), against },
      }),
      ...(large
        ? [
            line(`N = ${n}: RSS per socket`, 'KB', grown.ours.rss / 1024, {
              ...{ peer: grown.ws.rss / 1024, against, ...(n === 5_000 ? { ratio: 2.5, limit: 20 } : {}) },
            }),
            line(
              `N = ${n}: events besides the change, per screen and minute`,
              'events',
              median(statusEvents),
              {
                limit: 0,
              },
            ),
            line(`N = ${n}: joins`, '/s', grown.ours.perSecond, { peer: grown.ws.perSecond, against }),
          ]
        : []),
    ],
    detail: {
      ...{ n, baselineMicrosecondsPerTick: round(baseline), joinBytes: grown.ours.joinBytes },
      oursMicroseconds: ours.map((one) => round((one.cpu - baseline) / one.messages)),
      wsMicroseconds: ws.map((one) => round(one.cpu / one.messages)),
    },
  };
}

/** The text of one real change, for the peer to send. */
async function oneFrame(house) {
  let seen;
  const { socket } = await watch(house, (data) => isChange(data) && (seen = data.toString()));
  while (seen === undefined) await house.tick().then(() => new Promise((resolve) => setTimeout(resolve, 50)));
  socket.close();
  return seen;
}

/** CPU µs of a tick that nobody watches: fetch, judge, commit, table, frame. */
async function baselineCpu(house) {
  const costs = [];
  for (let i = 0; i < BASELINE_TICKS; i++) {
    const { cpu } = await house.tick();
    costs.push((await house.tracker.ask('usage', {})).cpu - cpu);
  }
  return median(costs);
}

export async function run({ runs, quick, full }) {
  const sizes = quick ? [100, 1_000] : full ? [100, 1_000, 5_000, 10_000] : [100, 1_000, 5_000];
  const house = await openHouse();
  const child = startChild('peers/ws-broadcast.mjs');
  const peer = { child, url: await child.ask('start') };
  const crowds = { ours: new Crowd(), ws: new Crowd() };
  const frame = await oneFrame(house);
  const baseline = await baselineCpu(house);
  const results = [];
  try {
    for (const n of sizes)
      results.push(await atSize(n, { house, peer, crowds, runs, frame: () => frame, baseline }));
  } finally {
    await child.end();
    await house.close();
  }
  return {
    rows: results.flatMap(({ rows }) => rows),
    detail: { frameBytes: frame.length, sizes: results.map(({ detail }) => detail) },
  };
}
