/** Opcodes of RFC 6455 §5.2. */
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const FIN = 0x80;

/** Type of an Engine.IO 4 packet that carries a Socket.IO packet. */
const MESSAGE = '4';
/** Types of Socket.IO 5 packets. */
const EVENT = '2';
const ACK = '3';
const BINARY_ACK = '6';

/** A whole text message as one WebSocket frame, unmasked as a server sends it. */
export function textFrame(text: string): Buffer {
  return framed(TEXT | FIN, text);
}

/** The same for one reader: in memory that is shared with others' frames, which is had for less and gone at once. */
export function passingFrame(text: string): Buffer {
  return framed(TEXT | FIN, text, Buffer.allocUnsafe);
}

/**
 * The first part of a text message. Parts must be cut between characters: each is encoded by itself.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.4
 */
export function firstFragment(text: string): Buffer {
  return framed(TEXT, text);
}

/** The last part of a text message; the same bytes close any message that `firstFragment` began. */
export function lastFragment(text: string): Buffer {
  return framed(CONTINUATION | FIN, text);
}

/** A whole binary message. Engine.IO 4 puts nothing before the bytes. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  return framed(BINARY | FIN, bytes);
}

/** The text of an event of the default namespace, as Engine.IO sends it. */
export function eventText(event: string, payload: unknown): string {
  return `${MESSAGE}${EVENT}${JSON.stringify([event, payload])}`;
}

/** How the Socket.IO packet of an acknowledgement begins; its JSON array follows. */
export function ackPacket(id: number): string {
  return `${ACK}${id}`;
}

/** As `ackPacket`, for an answer with one binary message after it, which `{"_placeholder":true,"num":0}` stands for. */
export function binaryAckPacket(id: number): string {
  return `${BINARY_ACK}1-${id}`;
}

/** The Engine.IO text of a Socket.IO packet. */
export function messageText(packet: string): string {
  return MESSAGE + packet;
}

function framed(
  firstByte: number,
  content: string | Uint8Array,
  alloc: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
): Buffer {
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  const header = length > 0xffff ? 10 : length > 125 ? 4 : 2;
  const frame = alloc(header + length);
  frame[0] = firstByte;
  frame[1] = header === 2 ? length : header === 4 ? 126 : 127;
  if (header === 4) frame.writeUInt16BE(length, 2);
  if (header === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  if (typeof content === 'string') frame.write(content, header);
  else frame.set(content, header);
  return frame;
}
