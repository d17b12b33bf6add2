import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from './broker.mjs';
import { startChild } from './children.mjs';
import { BenchMarket, CHAIN, SESSION_START, SYMBOL } from './market.mjs';

/** Those that are not removed yet. One listener for all: a bench opens dozens. */
const folders = new Set();
process.once('exit', () => folders.forEach(removeFolder));

function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

/** A folder that is removed by `remove`, or with the process: also when the bench fails in between. */
export function tempFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'oi-tracker-bench-'));
  folders.add(folder);
  return { folder, remove: () => removeFolder(folder) };
}

/** The settings of a tracker on a broker, with its data in a folder. */
export function settings(brokerUrl, folder) {
  return {
    PORT: '0',
    DATABASE_URL: `sqlite:${join(folder, 'tracker.db')}`,
    TRACKER_SECRET: 'only for this bench',
    UPSTOX_API_URL: brokerUrl,
    UPSTOX_ASSETS_URL: brokerUrl,
    PINNED: SYMBOL,
    CLOCK_START: String(SESSION_START),
  };
}

/** Signs in. @returns the cookie header */
export async function signIn(url) {
  const answer = await fetch(`${url}/api/auth/token`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ accessToken: 'demo' }),
  });
  if (!answer.ok) throw new Error(`sign-in refused: ${answer.status} ${await answer.text()}`);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/**
 * The scripted broker and the real server (`load/tracker.mjs`) with one pinned chain, signed in, after `history`
 * captured minutes. Its clock moves only by `tick`.
 */
export async function openHouse({ strikes = 125, history = 35, moves } = {}) {
  const market = new BenchMarket(strikes, { moves });
  const broker = await startBroker(market);
  const data = tempFolder();
  const tracker = startChild('load/tracker.mjs', { env: settings(broker.url, data.folder) });
  const url = await tracker.ask('start');
  const cookie = await signIn(url);
  await tracker.ask('ready', SYMBOL);
  const house = {
    ...{ market, broker, tracker, url, cookie, chain: CHAIN, folder: data.folder },
    /** The next minute: the broker has a new answer, the tracker captures and publishes it. */
    async tick() {
      broker.next();
      return tracker.ask('tick');
    },
    async table() {
      const path = `/api/chains/${encodeURIComponent(CHAIN.underlying)}/${CHAIN.expiry}/table`;
      const answer = await fetch(`${url}${path}`, { headers: { cookie } });
      return answer.json();
    },
    async close() {
      await tracker.end();
      await broker.close();
      data.remove();
    },
  };
  for (let minute = 0; minute < history; minute++) await house.tick();
  return house;
}
