import { io, type Socket } from 'socket.io-client';
import { applyChange } from '../../client/lib/merge.js';
import type {
  ChainRef,
  ChangeFrame,
  ClientToServerEvents,
  ServerToClientEvents,
  Table,
  UnwatchAck,
  WatchAck,
} from '../../server/protocol/index.js';

export type ScreenSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

const open = new Set<ScreenSocket>();

/** Closes every socket that `connect` opened. */
export function closeSockets(): void {
  for (const socket of open) socket.close();
  open.clear();
}

/** Connects as a browser does. @throws what the handshake was refused with */
export function connect(
  base: string,
  headers: Record<string, string>,
  transports: ('websocket' | 'polling')[] = ['websocket'],
  auth: Record<string, unknown> = {},
): Promise<ScreenSocket> {
  const socket: ScreenSocket = io(base, {
    transports,
    auth,
    extraHeaders: headers,
    reconnection: false,
    forceNew: true,
  });
  open.add(socket);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', (error) => reject(error));
  });
}

export const watch = (socket: ScreenSocket, chain: ChainRef): Promise<WatchAck> =>
  new Promise((resolve) => socket.emit('chain:watch', chain, resolve));

export const unwatch = (socket: ScreenSocket, chain: ChainRef): Promise<UnwatchAck> =>
  new Promise((resolve) => socket.emit('chain:unwatch', chain, resolve));

/** Sends anything at all, as a broken or hostile screen would. @returns what is acknowledged */
export function ask(socket: ScreenSocket, event: string, ...payload: unknown[]): Promise<unknown> {
  const anything = socket as unknown as { emit(event: string, ...parts: unknown[]): void };
  return new Promise((resolve) => anything.emit(event, ...payload, resolve));
}

/** Resolves once everything that the server sent before is here: a round trip. */
export const settled = (socket: ScreenSocket): Promise<unknown> =>
  ask(socket, 'chain:unwatch', { underlying: 'nobody', expiry: '2026-08-18' });

/** The next disconnect, with its reason. */
export const disconnected = (socket: ScreenSocket): Promise<string> =>
  new Promise((resolve) => socket.once('disconnect', (reason) => resolve(reason)));

/** A screen that keeps every frame in the order of arrival, the acknowledged table among them. */
export class Recorder {
  /** `ack` or the number of a frame, in the order in which they came. */
  readonly events: { kind: 'ack' | 'frame'; seq: number | null }[] = [];
  readonly frames: ChangeFrame[] = [];
  table: Table | null = null;
  /** Frames without rows: what changed does not fit into a change, and a screen has to watch again. */
  asked = 0;

  constructor(
    private readonly socket: ScreenSocket,
    private readonly chain: ChainRef,
  ) {
    socket.on('chain:change', (frame) => {
      if (frame.expiry !== chain.expiry || frame.underlying !== chain.underlying) return;
      this.events.push({ kind: 'frame', seq: frame.seq });
      this.frames.push(frame);
      if (frame.rows === 0 && this.table && frame.seq > this.table.seq) {
        this.asked += 1;
        this.table = null;
        return;
      }
      // As the real client: what is older than its table is dropped, a gap throws.
      if (this.table && frame.seq > this.table.seq) this.table = applyChange(this.table, frame);
    });
  }

  async watch(): Promise<WatchAck> {
    const answer = await new Promise<WatchAck>((resolve) =>
      this.socket.emit('chain:watch', this.chain, (ack) => {
        this.events.push({ kind: 'ack', seq: ack.ok ? (ack.table?.seq ?? null) : null });
        if (ack.ok) this.table = ack.table;
        resolve(ack);
      }),
    );
    return answer;
  }
}
