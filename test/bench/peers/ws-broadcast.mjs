/** The peer of the fan-out: a bare `ws` server that sends one buffer to all of its sockets. */
import { WebSocketServer } from 'ws';
import { serve, usage } from '../support/children.mjs';
import { LoopWatch } from '../support/loop-watch.mjs';
import { nowMs } from '../support/stats.mjs';

let server;
const loop = new LoopWatch();
let loopWatched = false;

serve({
  async start() {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    await new Promise((resolve) => server.once('listening', resolve));
    return `ws://127.0.0.1:${server.address().port}`;
  },
  broadcast(text) {
    const pushed = { start: nowMs(), pushCpu: usage().cpu };
    if (loopWatched) loop.begin();
    const message = Buffer.from(text);
    for (const socket of server.clients) socket.send(message, { binary: false });
    return pushed;
  },
  /** This and the next: see `load/tracker.mjs`. */
  watchLoop(watched) {
    loopWatched = watched;
  },
  received: () => ({ cpu: usage().cpu, blockMs: loopWatched ? loop.end() : null }),
  usage,
});
