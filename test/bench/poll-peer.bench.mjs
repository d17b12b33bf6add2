/** What an update costs the server: pushed by us, and polled from an Express server that computes the table from SQL. */
import { join } from 'node:path';
import { startChild } from './support/children.mjs';
import { openHouse, tempFolder } from './support/house.mjs';
import { line } from './support/report.mjs';
import { median } from './support/stats.mjs';

export const name = 'poll-peer';
export const title =
  'server CPU per delivered update of a 250-leg table: pushed, and polled from Express + SQL';
export const goal = '≤ 1/20 of express + SQL polling, with the cost of the capture counted in';

const SCREENS = 500;
const HISTORY = 35;

async function openPeer(folder) {
  const server = startChild('peers/express-poll.mjs');
  const url = await server.ask('start', { file: join(folder, 'peer.db'), history: HISTORY });
  return { server, url, load: startChild('load/pollers.mjs') };
}

/** CPU µs of the server for one minute of all screens, the capture included. */
async function polled({ server, url, load }, screens) {
  const before = await server.ask('usage', {});
  await server.ask('minute');
  const bytes = await load.ask('poll', { url, count: screens });
  return { cpu: (await server.ask('usage', {})).cpu - before.cpu, bytes };
}

async function pushed(house, clients) {
  await clients.ask('clear');
  const all = clients.ask('all');
  const { cpu } = await house.tick();
  await all;
  return (await house.tracker.ask('usage', {})).cpu - cpu;
}

export async function run({ runs, quick }) {
  const screens = quick ? 100 : SCREENS;
  const house = await openHouse({ history: HISTORY });
  const data = tempFolder();
  const clients = startChild('load/clients.mjs');
  const [ours, theirs] = [[], []];
  let bytes = 0;
  try {
    const peer = await openPeer(data.folder);
    const { url, cookie, chain } = house;
    await clients.ask('open', { url, cookie, chain, count: screens });
    await pushed(house, clients);
    await polled(peer, screens);
    for (let round = 0; round < runs; round++) {
      for (let i = 0; i < 4; i++) ours.push((await pushed(house, clients)) / screens);
      const one = await polled(peer, screens);
      theirs.push(one.cpu / screens);
      bytes = one.bytes;
    }
    await peer.server.end();
  } finally {
    await house.close();
    data.remove();
  }
  return {
    rows: [
      line(`${screens} screens: server CPU per delivered update`, 'µs', median(ours), {
        ...{ peer: median(theirs), against: 'express + SQL poll', ratio: 1 / 20 },
      }),
    ],
    detail: { ours, theirs, bytesOfAnAnswer: bytes },
  };
}
