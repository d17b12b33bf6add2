/**
 * One capture of a 250-leg chain, from the broker's last byte to the frame in a screen's hands: through the built server
 * with its database on disk, and through a process that only fetches, parses and sends.
 */
import WebSocket from 'ws';
import { startChild } from './support/children.mjs';
import { openHouse, tempFolder } from './support/house.mjs';
import { measureParts } from './support/pipeline.mjs';
import { CHAIN } from './support/market.mjs';
import { line } from './support/report.mjs';
import { isChange, watch } from './support/socket-io.mjs';
import { median, nowMs, percentile, summary } from './support/stats.mjs';

export const name = 'capture';
export const title = 'broker answer → judged → committed → frame on the socket, one chain of 250 legs';
export const goal =
  'p50 ≤ 25 ms and p99 ≤ 100 ms with the commit synced to disk; the ratio to fetch + parse + send is told';

const HISTORY = 35;
const CAPTURES = 300;

/** Waits for one message at a time. */
function inbox() {
  let wake = null;
  return {
    put: (data) => wake?.({ data, at: nowMs() }),
    next: () => new Promise((resolve) => (wake = resolve)),
  };
}

async function openPeer(brokerUrl) {
  const child = startChild('peers/plain-relay.mjs');
  const box = inbox();
  const socket = new WebSocket(await child.ask('start'), { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('message', box.put);
  const query = new URLSearchParams({ instrument_key: CHAIN.underlying, expiry_date: CHAIN.expiry });
  const tick = () => child.ask('tick', `${brokerUrl}/v2/option/chain?${query}`);
  return { child, box, tick, close: () => socket.close() };
}

/** ms from the broker's last byte to the message. */
async function once(broker, box, tick) {
  const message = box.next();
  await Promise.all([message, tick()]);
  const { at, data } = await message;
  return { ms: at - broker.lastSentAt(), data };
}

export async function run({ runs, quick }) {
  const house = await openHouse({ history: HISTORY });
  const box = inbox();
  const { socket } = await watch(house, (data) => isChange(data) && box.put(data));
  const peer = await openPeer(house.broker.url);
  const [ours, theirs, published, frames] = [[], [], [], []];
  try {
    const each = Math.ceil((quick ? 60 : CAPTURES) / runs);
    for (let round = 0; round < runs; round++) {
      for (let i = 0; i < each; i++) {
        const { ms, data } = await once(house.broker, box, async () =>
          published.push((await house.tick()).publishMs),
        );
        ours.push(ms);
        frames.push(data.length);
        if (i === 0) await peer.child.ask('use', data.toString());
      }
      for (let i = 0; i < each; i++) theirs.push((await once(house.broker, peer.box, peer.tick)).ms);
    }
  } finally {
    socket.close();
    peer.close();
    await peer.child.end();
    await house.close();
  }
  const folder = tempFolder();
  const parts = await measureParts(folder.folder, quick ? 40 : 120).finally(folder.remove);
  const against = 'fetch + parse + send';
  return {
    rows: [
      line('answer sent → frame read, p50', 'ms', median(ours), { peer: median(theirs), against, limit: 25 }),
      line('answer sent → frame read, p99', 'ms', percentile(ours, 0.99), {
        ...{ peer: percentile(theirs, 0.99), against, limit: 100 },
      }),
      line('frame of a change, median', 'B', median(frames)),
      ...Object.entries(parts).map(([part, ms]) => line(`part: ${part}`, 'ms', ms)),
    ],
    detail: { ours: summary(ours), peer: summary(theirs), insideServer: summary(published) },
  };
}
