import { Inject, Injectable } from '@nestjs/common';
import { deflateSync } from 'node:zlib';
import { SnapshotMetrics } from '../snapshot/metrics.js';
import {
  ackPacket,
  binaryAckPacket,
  binaryFrame,
  firstFragment,
  lastFragment,
  messageText,
  passingFrame,
} from './fan-out-frame.js';
import { FanOut } from './fan-out.js';
import { isNext, lineOf, writeTo, type Line } from './fan-out-line.js';
import type { TrackerServer, TrackerSocket } from './screen-socket.js';

/** Handed to an acknowledgement in place of an answer: learns under which number the screen asked. */
class Placeholder {
  id: number | null = null;
}

/** What is used of Socket.IO's encoder. */
interface PacketEncoder {
  encode(packet: { id?: number | undefined; data?: unknown }): (string | Buffer)[];
}

interface Encoded {
  /** `…}]`: the object and the end of the answer around it, as text and as the last part of a WebSocket message. */
  tail: string;
  part: Buffer;
}

/** What stands in an answer for the binary message that follows it. */
const ATTACHMENT = '{"_placeholder":true,"num":0}';

/**
 * Answers that carry something large that everybody gets: it is encoded once, and all answers share its bytes.
 * A screen that unpacks gets two WebSocket messages, its own part of the answer and the object's JSON, deflated; any
 * other gets one in two parts, of which only the first is its own.
 */
@Injectable()
export class ReadyAnswers {
  /** Objects are never changed once they are out, so each is encoded once, and forgotten with it. */
  private readonly encoded = new WeakMap<object, Encoded>();
  private readonly packed = new WeakMap<object, Buffer>();
  private ready = false;

  constructor(
    @Inject(FanOut) private readonly fanOut: FanOut,
    @Inject(SnapshotMetrics) private readonly metrics: SnapshotMetrics,
  ) {}

  /** Lets the numbers of acknowledgements be learnt. Where the encoder is not as expected, answers go the usual way. */
  open(server: TrackerServer): void {
    const encoder = (server as unknown as { encoder?: Partial<PacketEncoder> }).encoder;
    if (typeof encoder?.encode !== 'function') return;
    const encode = encoder.encode.bind(encoder) as PacketEncoder['encode'];
    encoder.encode = (packet) => {
      const first = Array.isArray(packet.data) ? (packet.data[0] as unknown) : null;
      if (!(first instanceof Placeholder)) return encode(packet);
      first.id = packet.id ?? null;
      return [];
    };
    this.ready = true;
  }

  /**
   * Answers `{...small, [name]: large}`.
   * @param answer the acknowledgement, or what stands for it where the screen wants none.
   */
  send<S extends object, N extends string, L extends object>(
    socket: TrackerSocket,
    answer: (payload: S & Record<N, L>) => void,
    small: S,
    name: N,
    large: L,
  ): void {
    if (!this.ready) return answer({ ...small, [name]: large } as S & Record<N, L>);
    const placeholder = new Placeholder();
    (answer as unknown as (placeholder: Placeholder) => void)(placeholder);
    const line = lineOf(socket);
    if (placeholder.id === null || (line && this.fanOut.isCut(line))) return;
    const beginning = `[${JSON.stringify(small).slice(0, -1)},${JSON.stringify(name)}:`;
    if (line && socket.data.unpacks) {
      const text = `${binaryAckPacket(placeholder.id)}${beginning}${ATTACHMENT}}]`;
      const frame = this.packedOf(large);
      return put(socket, line, [passingFrame(messageText(text)), frame], frame);
    }
    const { tail, part } = this.encodedOf(large);
    const head = ackPacket(placeholder.id) + beginning;
    put(socket, line, [firstFragment(messageText(head)), part], head + tail);
  }

  private packedOf(large: object): Buffer {
    const known = this.packed.get(large);
    if (known) return known;
    const frame = binaryFrame(deflateSync(JSON.stringify(large)));
    this.packed.set(large, frame);
    this.metrics.answersEncoded += 1;
    return frame;
  }

  private encodedOf(large: object): Encoded {
    const known = this.encoded.get(large);
    if (known) return known;
    const tail = `${JSON.stringify(large)}}]`;
    const encoded = { tail, part: lastFragment(tail) };
    this.encoded.set(large, encoded);
    this.metrics.answersEncoded += 1;
    return encoded;
  }
}

/** Writes parts as they are, behind everything that was emitted before. @param plain what a transport takes that cannot do so */
function put(socket: TrackerSocket, line: Line | null, parts: Buffer[], plain: string | Buffer): void {
  const options = { compress: false, wsPreEncodedFrame: parts };
  if (line && isNext(line)) writeTo(line, parts);
  else socket.conn.write(plain, options);
}
