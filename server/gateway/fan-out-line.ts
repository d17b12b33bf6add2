import type { TrackerSocket } from './screen-socket.js';

/** What is used of `ws` 8: a frame that is ready goes out as it is. Socket.IO's own adapter does it the same way. */
interface FrameSender {
  sendFrame(parts: readonly Buffer[], sent?: (error?: Error) => void): void;
}

interface RawSocket {
  readonly readyState: number;
  /** Bytes that the kernel has not taken yet. */
  readonly bufferedAmount: number;
  readonly _sender: FrameSender;
  ping(data: undefined, mask: false, sent: (error?: Error) => void): void;
  terminate(): void;
}

/** What is used of an Engine.IO 6 connection. */
interface EngineConnection {
  readonly readyState: string;
  /** Packets that wait until the transport is writable. */
  readonly writeBuffer: readonly { readonly data?: { readonly length?: number } }[];
  readonly transport: { readonly name: string; readonly writable: boolean; readonly socket?: RawSocket };
}

const OPEN = 1;

/**
 * The WebSocket of a screen, behind Engine.IO's back: its connection, looked at and found to be as expected. Not kept:
 * whoever writes looks anew, and since the line is the connection itself, a look costs no object.
 */
export interface Line extends EngineConnection {
  readonly transport: EngineConnection['transport'] & { readonly socket: RawSocket };
}

/**
 * The line of a screen. `null` when it is no WebSocket, or when the libraries are not what they were: then everything
 * goes the ordinary way.
 */
export function lineOf(socket: TrackerSocket): Line | null {
  const connection = socket.conn as unknown as EngineConnection;
  return isLine(connection) ? connection : null;
}

function isLine(connection: EngineConnection): connection is Line {
  const { name, socket: raw } = connection.transport;
  return (
    name === 'websocket' &&
    Array.isArray(connection.writeBuffer) &&
    typeof raw?.bufferedAmount === 'number' &&
    typeof raw._sender?.sendFrame === 'function' &&
    typeof raw.ping === 'function' &&
    typeof raw.terminate === 'function'
  );
}

/** Bytes that wait for a reader that does not keep up (characters, for what is not yet encoded). */
export function backlogOf({ transport, writeBuffer }: Line): number {
  let waiting = transport.socket.bufferedAmount;
  for (const { data } of writeBuffer) waiting += data?.length ?? 0;
  return waiting;
}

/** Whether a frame can be written now, and comes after everything that was emitted before. */
export function isReady(line: Line): boolean {
  return line.transport.writable && isNext(line);
}

/** Whether a frame that is written now comes after everything that was emitted before, be that on its way or not. */
export function isNext({ readyState, transport, writeBuffer }: Line): boolean {
  return writeBuffer.length === 0 && readyState === 'open' && transport.socket.readyState === OPEN;
}

/** Writes the parts of one message, as they are. */
export function writeTo(line: Line, parts: readonly Buffer[]): void {
  line.transport.socket._sender.sendFrame(parts);
}

/** Calls once, when the kernel has taken all that is written so far, or `ended`: when it never will. */
export function onceDrained(line: Line, listener: (ended: boolean) => void): void {
  // A ping goes out after everything else, however much that is; the stream's own 'drain' needs a full buffer first.
  line.transport.socket.ping(undefined, false, (error) => listener(Boolean(error)));
}

/** Ends the connection at once: there is no use in sending a farewell to somebody who does not read. */
export function cutOff(line: Line): void {
  line.transport.socket.terminate();
}
