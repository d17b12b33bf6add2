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
  'server CPU per delivered message ≤ 1.1 × plain ws; p99 ≤ 1.15 × and ≤ 150 ms at 5,000; no event-loop block above 25 ms; ' +
  '≤ 20 KB and ≤ 2.5 × RSS per socket; 5,000 screens back with the table in ≤ 3 s';

const PROCESSES = 2;
const TICKS_A_ROUND = 4;
/** Sockets that a process opens at one command: a busy machine may take long over thousands. */
const OPENED_AT_ONCE = 250;

/** Lets a process open so many sockets. @returns ms that it took, and the size of the table that each got */
async function open(child, target, count) {
  let ms = 0;
  let joinBytes = 0;
  for (let left = count; left > 0; left -= OPENED_AT_ONCE) {
    const step = await child.ask('open', { ...target, count: Math.min(left, OPENED_AT_ONCE) });
    ms += step.ms;
    joinBytes = step.joinBytes;
  }
  return { ms, joinBytes };
}

/** Processes that hold the sockets of one side. */
class Crowd {
  #children = Array.from({ length: PROCESSES }, () => startChild('load/clients.mjs'));
  size = 0;

  async grow(to, target) {
    const added = to - this.size;
    const opened = await Promise.all(this.#children.map((child) => open(child, target, added / PROCESSES)));
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

/**
 * One push. CPU of the server in µs a message: from the push on, and `whole` with the capture before it, where there is
 * one; ms from its start to each arrival; the longest that the server's loop was held up, ms.
 */
async function measure(crowd, server, push) {
  const { pushed, arrivals, others } = await crowd.receive(push);
  const { cpu, blockMs } = await server.ask('received');
  const messages = arrivals.length + others;
  return {
    cpu: (cpu - pushed.pushCpu) / messages,
    whole: (cpu - (pushed.cpu ?? pushed.pushCpu)) / messages,
    latencies: arrivals.map((at) => at - pushed.start),
    blockMs,
  };
}

const settledUsage = (child) => child.ask('usage', { collect: true });

/** Brings a crowd to its size. @returns with the rate, what each newcomer cost the server: CPU in µs, memory in bytes */
async function growOf(crowd, to, { child, target }) {
  const added = to - crowd.size;
  const before = await settledUsage(child);
  const grown = await crowd.grow(to, target);
  const { cpu } = await child.ask('usage', {});
  const { rss } = await settledUsage(child);
  return { ...grown, cpu: (cpu - before.cpu) / added, rss: (rss - before.rss) / added };
}

async function atSize(n, { house, peer, crowds, runs, frame }) {
  const grown = {};
  const sides = { ours: house.tracker, ws: peer.child };
  const targets = {
    ours: { url: house.url, cookie: house.cookie, chain: house.chain },
    ws: { url: peer.url },
  };
  for (const [side, child] of Object.entries(sides))
    grown[side] = await growOf(crowds[side], n, { child, target: targets[side] });
  await house.tracker.ask('mute', true);
  const samples = { ours: [], ws: [] };
  const blocks = { ours: [], ws: [] };
  const statusEvents = [];
  const pushes = { ours: () => house.tick(), ws: () => peer.child.ask('broadcast', frame()) };
  for (let round = 0; round <= runs; round++)
    for (const [side, child] of Object.entries(sides))
      for (let i = 0; i < TICKS_A_ROUND; i++) {
        // The last of a round tells of the loop: to watch it costs CPU, more where the loop turns often.
        const watched = i === TICKS_A_ROUND - 1;
        await child.ask('watchLoop', watched);
        const one = await measure(crowds[side], child, pushes[side]);
        if (side === 'ours') statusEvents.push(await house.tracker.ask('settle'));
        // The first round warms up.
        if (round > 0 && watched) blocks[side].push(one.blockMs);
        else if (round > 0) samples[side].push(one);
      }
  await house.tracker.ask('mute', false);
  return figures(n, samples, { grown, blocks, statusEvents });
}

function figures(n, { ours, ws }, { grown, blocks, statusEvents }) {
  const of = (one, kind) => one.map((push) => push[kind]);
  const at = (one, share) =>
    percentile(
      one.flatMap(({ latencies }) => latencies),
      share,
    );
  const against = 'plain ws';
  const large = n >= 1_000;
  return {
    rows: [
      line(`N = ${n}: server CPU per message, pushing`, 'µs', median(of(ours, 'cpu')), {
        ...{ peer: median(of(ws, 'cpu')), against, ...(large ? { ratio: 1.1 } : {}) },
      }),
      line(`N = ${n}: the same, fetch, commit and table included`, 'µs', median(of(ours, 'whole')), {
        peer: median(of(ws, 'whole')),
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
      line(`N = ${n}: longest event-loop block while pushing, median`, 'ms', median(blocks.ours), {
        ...{ peer: median(blocks.ws), against },
      }),
      line(`N = ${n}: the same, of all pushes`, 'ms', Math.max(...blocks.ours), {
        ...{ peer: Math.max(...blocks.ws), against, limit: 25 },
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
            line(`N = ${n}: joins: server CPU per join`, 'µs', grown.ours.cpu, {
              ...{ peer: grown.ws.cpu, against },
            }),
            line(`N = ${n}: all of them back with the table, at that rate`, 's', n / grown.ours.perSecond, {
              ...{ peer: n / grown.ws.perSecond, against, ...(n === 5_000 ? { limit: 3 } : {}) },
            }),
          ]
        : []),
    ],
    detail: {
      ...{ n, joinBytes: grown.ours.joinBytes },
      oursMicroseconds: of(ours, 'cpu').map(round),
      wsMicroseconds: of(ws, 'cpu').map(round),
      oursBlockMs: blocks.ours.map(round),
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

export async function run({ runs, quick, full }) {
  const sizes = quick ? [100, 1_000] : full ? [100, 1_000, 5_000, 10_000] : [100, 1_000, 5_000];
  const house = await openHouse();
  const child = startChild('peers/ws-broadcast.mjs');
  const peer = { child, url: await child.ask('start') };
  const crowds = { ours: new Crowd(), ws: new Crowd() };
  const frame = await oneFrame(house);
  const results = [];
  try {
    for (const n of sizes) results.push(await atSize(n, { house, peer, crowds, runs, frame: () => frame }));
  } finally {
    await child.end();
    await house.close();
  }
  return {
    rows: results.flatMap(({ rows }) => rows),
    detail: { frameBytes: frame.length, sizes: results.map(({ detail }) => detail) },
  };
}
