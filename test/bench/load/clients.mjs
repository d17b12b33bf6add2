/** Many screens in one process, without pictures: counts what arrives, and when. */
import WebSocket from 'ws';
import { serve } from '../support/children.mjs';
import { isChange, watch } from '../support/socket-io.mjs';
import { nowMs } from '../support/stats.mjs';

/**
 * Handshakes under way at once. Few: each must be through within the ten seconds that the server grants, also on a machine
 * that is so busy that it lets in ten a second.
 */
const AT_ONCE = 20;

const sockets = [];
let arrivals = [];
let others = 0;
let wake = null;

function arrived() {
  arrivals.push(nowMs());
  if (arrivals.length >= sockets.length) wake?.();
}

function openTracker(target) {
  return watch(target, (data) => {
    if (isChange(data)) arrived();
    else others += 1;
  });
}

function openPlain({ url }) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', arrived);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ socket, joinBytes: 0 }));
    socket.once('error', reject);
  });
}

serve({
  /** Opens `count` more sockets to the tracker (`cookie` given) or to a plain WebSocket server. */
  async open({ count, ...target }) {
    const start = nowMs();
    let left = count;
    let joinBytes = 0;
    const worker = async () => {
      while (left-- > 0) {
        const opened = await (target.cookie === undefined ? openPlain(target) : openTracker(target));
        opened.socket.on('error', (error) => console.error(`load: ${error.message}`));
        sockets.push(opened.socket);
        joinBytes = opened.joinBytes;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { open: sockets.length, ms: nowMs() - start, joinBytes };
  },
  /** Forgets what arrived. */
  clear() {
    arrivals = [];
    others = 0;
  },
  /** Waits until every socket has had a message since `clear`. @returns the moments, and how many others came */
  async all() {
    if (arrivals.length < sockets.length) await new Promise((resolve) => (wake = resolve));
    wake = null;
    return { arrivals, others };
  },
});
