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
 * The WebSocket of a screen, behind Engine.IO's back. `null` when it is no WebSocket, or when the libraries are not
 * what they were: then everything goes the ordinary way.
 */
export class Line {
  private constructor(
    private readonly connection: EngineConnection,
    private readonly raw: RawSocket,
  ) {}

  static of(socket: TrackerSocket): Line | null {
    const connection = socket.conn as unknown as EngineConnection;
    const raw = connection.transport.socket;
    const known =
      connection.transport.name === 'websocket' &&
      Array.isArray(connection.writeBuffer) &&
      typeof raw?.bufferedAmount === 'number' &&
      typeof raw._sender?.sendFrame === 'function' &&
      typeof raw.ping === 'function' &&
      typeof raw.terminate === 'function';
    return known ? new Line(connection, raw) : null;
  }

  /** Bytes that wait for a reader that does not keep up (characters, for what is not yet encoded). */
  get backlog(): number {
    let waiting = this.raw.bufferedAmount;
    for (const { data } of this.connection.writeBuffer) waiting += data?.length ?? 0;
    return waiting;
  }

  get isOpen(): boolean {
    return this.connection.readyState === 'open' && this.raw.readyState === OPEN;
  }

  /** Whether a frame written now comes after everything that was emitted before. */
  get inOrder(): boolean {
    return this.connection.transport.writable && this.connection.writeBuffer.length === 0;
  }

  write(parts: readonly Buffer[]): void {
    this.raw._sender.sendFrame(parts);
  }

  /** Calls once the kernel has taken all that is written so far. Never when the connection ends before. */
  onceDrained(listener: () => void): void {
    // A ping goes out after everything else, however much that is; the stream's own 'drain' needs a full buffer first.
    this.raw.ping(undefined, false, (error) => {
      if (!error) listener();
    });
  }

  /** Ends the connection at once: there is no use in sending a farewell to somebody who does not read. */
  cut(): void {
    this.raw.terminate();
  }
}
