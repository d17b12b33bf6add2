import { request } from 'node:http';
import type { Socket } from 'node:net';

const TEXT = 1;
const CONTINUATION = 0;
const CLOSE = 8;
const FIN = 0x80;
const MASKED = 0x80;

/** A frame as a client sends it (RFC 6455, 5.2), with a mask of zeros. */
export function frame(payload: string | Buffer, opcode = TEXT, last = true): Buffer {
  const body = Buffer.from(payload);
  const first = (last ? FIN : 0) | opcode;
  const mask = Buffer.alloc(4);
  if (body.length < 126) return Buffer.concat([Buffer.from([first, MASKED | body.length]), mask, body]);
  const head = Buffer.from([first, MASKED | 126, body.length >> 8, body.length & 0xff]);
  if (body.length < 65_536) return Buffer.concat([head, mask, body]);
  const long = Buffer.alloc(10);
  long.writeUInt8(first, 0);
  long.writeUInt8(MASKED | 127, 1);
  long.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([long, mask, body]);
}

export const fragment = (payload: string, first: boolean): Buffer =>
  frame(payload, first ? TEXT : CONTINUATION, false);

/** Opens WebSockets by hand, to send what no client library would. */
export class RawScreen {
  /** The texts of the frames that came, in order. */
  readonly heard: string[] = [];
  /** Resolves when the server has closed, by a frame or by the bare connection. */
  readonly closed: Promise<void>;
  private rest = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  /** @throws Error with the status when the upgrade is refused */
  static open(url: string, headers: Record<string, string>, query = 'EIO=4&transport=websocket') {
    return new Promise<RawScreen>((resolve, reject) => {
      const upgrade = {
        ...{ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
        'Sec-WebSocket-Key': Buffer.alloc(16, 'k').toString('base64'),
      };
      const asked = request(`${url}/socket.io/?${query}`, {
        headers: { ...upgrade, ...headers },
        agent: false,
      });
      asked.on('upgrade', (_response, socket, head) => {
        const screen = new RawScreen(socket as Socket);
        screen.take(head);
        resolve(screen);
      });
      asked.on('response', (response) => reject(new Error(`refused: ${response.resume().statusCode}`)));
      asked.on('error', reject);
      asked.end();
    });
  }

  /** Sends texts, each as a frame of its own, all in one go. */
  say(...texts: string[]): void {
    this.socket.write(Buffer.concat(texts.map((text) => frame(text))));
  }

  bytes(...buffers: Buffer[]): void {
    this.socket.write(Buffer.concat(buffers));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const [size, from] = this.measure();
      if (this.rest.length < from + size) return;
      // The server has closed; it would wait half a minute for a polite answer.
      if ((this.rest[0]! & 0x0f) === CLOSE) this.close();
      this.heard.push(this.rest.toString('utf8', from, from + size));
      this.rest = this.rest.subarray(from + size);
    }
  }

  /** Length of the next frame's payload, and where it begins. */
  private measure(): [number, number] {
    const short = (this.rest[1] ?? 0) & 0x7f;
    if (this.rest.length < 2) return [0, 2];
    if (short === 126) return this.rest.length < 4 ? [0, 4] : [this.rest.readUInt16BE(2), 4];
    if (short === 127) return this.rest.length < 10 ? [0, 10] : [Number(this.rest.readBigUInt64BE(2)), 10];
    return [short, 2];
  }
}
