import WebSocket from 'ws';

/**
 * The least of Engine.IO 4 and Socket.IO 5 that a screen needs, on a bare WebSocket: thousands of them fit into one
 * process, which those of socket.io-client do not.
 * @param onEvent called with the raw text of every event, `42["name",…]`
 * @param onTable called with the raw text of every acknowledged table, `430[{"ok":true,…}]`. Without it the socket takes
 * tables deflated, as the real screen does
 * @returns a socket that watches the chain; `joinBytes` = size of the acknowledged table
 */
export function watch({ url, cookie, chain }, onEvent, onTable = null) {
  const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(address, { headers: { cookie, origin: url }, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const began = performance.now();
    let heard = 'nothing';
    socket.once('close', (code) => {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      reject(new Error(`the socket was closed with ${code} after ${seconds} s; last heard: ${heard}`));
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) return resolve({ socket, joinBytes: data.length });
      const kind = data[0] === 0x34 ? data[1] : 0;
      if (kind !== 0x32) heard = data.toString('latin1', 0, 40);
      if (kind === 0x32) onEvent(data);
      else if (data[0] === 0x30) socket.send(onTable ? '40' : '40{"accepts":"deflate"}');
      else if (data[0] === 0x32) socket.send('3');
      else if (kind === 0x30) askTable(socket, chain);
      else if (kind === 0x33) answered(data);
      else if (kind === 0x36 && !data.includes('"ok":true')) reject(new Error(`not watched: ${data}`));
      else if (kind === 0x34) reject(new Error(`refused: ${data}`));
    });
    const answered = (data) => {
      if (!data.includes('"ok":true')) return reject(new Error(`not watched: ${data}`));
      onTable?.(data);
      resolve({ socket, joinBytes: data.length });
    };
  });
}

/** Asks for the whole table, at the beginning and after a gap. */
export const askTable = (socket, chain) => socket.send(`420["chain:watch",${JSON.stringify(chain)}]`);

const CHANGE = Buffer.from('42["chain:change"');

/** Whether an event is a change of the table. */
export const isChange = (data) => data.subarray(0, CHANGE.length).equals(CHANGE);

/** The frame in the text of a change. */
export const frameOf = (data) => JSON.parse(data.subarray(2))[1];
