/** The peer of a capture: the broker's answer fetched, parsed and a message of a frame's size sent. Nothing is judged, stored or computed. */
import { WebSocketServer } from 'ws';
import { serve } from '../support/children.mjs';

let server;
let frame = '';

serve({
  async start() {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    await new Promise((resolve) => server.once('listening', resolve));
    return `ws://127.0.0.1:${server.address().port}`;
  },
  use(text) {
    frame = text;
  },
  async tick(url) {
    const answer = await fetch(url, { headers: { accept: 'application/json' } });
    const { data } = JSON.parse(await answer.text());
    if (!Array.isArray(data)) throw new Error('not a chain');
    for (const socket of server.clients) socket.send(frame);
  },
});
