import { Inject, Injectable, Logger } from '@nestjs/common';
import { SnapshotMetrics } from '../snapshot/metrics.js';
import { eventText, passingFrame, textFrame } from './fan-out-frame.js';
import {
  backlogOf,
  cutOff,
  isNext,
  isReady,
  lineOf,
  onceDrained,
  writeTo,
  type Line,
} from './fan-out-line.js';
import type { TrackerServer, TrackerSocket } from './screen-socket.js';
import type { ServerToClientEvents } from '../protocol/index.js';

/**
 * Others get their turn after so long, ms: a capture, a newcomer, a health check. Twice as long at the beginning of a push,
 * since the loop comes from the answer to the first `setImmediate` without looking at anything else.
 */
const SLICE_MS = 6;
/** Sockets between two looks at the clock. */
const STRIDE = 32;
const NOBODY: ReadonlySet<string> = new Set();
/** Bytes queued for a socket: beyond the first a change waits for the reader, beyond the second it is cut off. */
export const DEFER_BYTES = 64 * 1024;
export const CUT_BYTES = 1024 * 1024;

type Pushes = Pick<ServerToClientEvents, 'chain:change' | 'market:change' | 'feed:status'>;
type PushName = keyof Pushes;
type Payload<E extends PushName> = Parameters<Pushes[E]>[0];

interface Emitter<E extends PushName> {
  emit(event: E, payload: Payload<E>): boolean;
}

/** One event on its way to all who were in a room when it was pushed. */
interface Push {
  /** `null`: everybody. */
  room: string | null;
  parts: readonly [Buffer];
  members: readonly string[];
  next: number;
  /** Emits the ordinary way. */
  emit: (ids: string[]) => void;
  /** Whether a later one makes up for it: changes are numbered, and on a gap a screen fetches the table whole. */
  droppable: boolean;
}

/**
 * Pushes to rooms. An event is encoded once, as a WebSocket frame, and that one buffer is written to each member;
 * pushes go one after the other, in slices, so that a large room does not hold up the process.
 */
@Injectable()
export class FanOut {
  private readonly log = new Logger(FanOut.name);
  private server: TrackerServer | null = null;
  private readonly queue: Push[] = [];
  private scheduled = false;
  /** The newest change that a slow reader has not got, by room. */
  private readonly deferred = new WeakMap<TrackerSocket, Map<string, Push>>();
  /** Slow readers that are waited for: while there are none, nobody is looked up in `deferred`. */
  private slow = 0;

  constructor(@Inject(SnapshotMetrics) private readonly metrics: SnapshotMetrics) {}

  /** @param server whose sockets are pushed to; all later pushes go to it. */
  open(server: TrackerServer): void {
    this.server = server;
  }

  /**
   * Pushes an event to those who are in a room now, or to everybody.
   * Order is kept: with earlier pushes, and with what was emitted to a socket before.
   */
  push<E extends PushName>(room: string | null, event: E, payload: Payload<E>): void {
    const { server } = this;
    const members = server ? membersOf(server, room) : [];
    if (!server || members.length === 0) return;
    this.queue.push({
      ...{ room, members, next: 0 },
      parts: [textFrame(eventText(event, payload))],
      droppable: event !== 'feed:status',
      // Of this process only: whoever shares the work pushes to its own.
      emit: (ids) => void (server.local.to(ids) as unknown as Emitter<E>).emit(event, payload),
    });
    if (!this.scheduled) this.work(performance.now() + SLICE_MS);
  }

  /** Sends an event to one socket, right behind what was emitted to it before: also while that is not written yet. */
  send<E extends PushName>(socket: TrackerSocket, event: E, payload: Payload<E>): void {
    const line = lineOf(socket);
    if (line && isNext(line)) writeTo(line, [passingFrame(eventText(event, payload))]);
    else (socket as unknown as Emitter<E>).emit(event, payload);
  }

  /** Writes everything that is under way, at once: the server is about to stop. */
  flush(): void {
    this.work(Infinity);
  }

  private work(until: number): void {
    for (let push = this.queue[0]; push; push = this.queue[0]) {
      if (!this.tried(push, until)) break;
      this.queue.shift();
    }
    if (this.scheduled || this.queue.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.work(performance.now() + SLICE_MS);
    });
  }

  /** One socket that throws must not keep the others from their push. */
  private tried(push: Push, until: number): boolean {
    try {
      return this.advance(push, until);
    } catch (error) {
      this.log.error('A push to a socket failed', error instanceof Error ? error.stack : String(error));
      return push.next === push.members.length;
    }
  }

  /** @returns whether all members have had it. */
  private advance(push: Push, until: number): boolean {
    const { members } = push;
    const others: string[] = [];
    // Nobody comes or goes within a slice.
    const present = this.presentIn(push.room);
    try {
      while (push.next < members.length) {
        const stop = Math.min(push.next + STRIDE, members.length);
        while (push.next < stop) {
          const id = members[push.next++]!;
          // Gone, or left the room, since the push began.
          const socket = present.has(id) ? this.server?.sockets.sockets.get(id) : undefined;
          if (socket) this.deliver(push, socket, others);
        }
        if (push.next < members.length && performance.now() >= until) break;
      }
    } finally {
      if (others.length > 0) push.emit(others);
    }
    return push.next === members.length;
  }

  /** Ids of those who are in a room now; `null`: of everybody. */
  private presentIn(room: string | null): { has(id: string): boolean } {
    const sockets = this.server?.sockets;
    return (room === null ? sockets?.sockets : sockets?.adapter.rooms.get(room)) ?? NOBODY;
  }

  /** @param others collects who must get it the ordinary way. */
  private deliver(push: Push, socket: TrackerSocket, others: string[]): void {
    const line = lineOf(socket);
    if (line && !this.keepsUp(push, socket, line)) return;
    if (line && isReady(line)) {
      writeTo(line, push.parts);
      this.metrics.pushes.direct += 1;
    } else {
      others.push(socket.id);
      this.metrics.pushes.queued += 1;
    }
  }

  /** Whether a socket may be written to. One that does not read is spared changes, and cut when that does not help. */
  private keepsUp(push: Push, socket: TrackerSocket, line: Line): boolean {
    const backlog = backlogOf(line);
    if (this.isCut(line, backlog)) return false;
    const { room } = push;
    if (!push.droppable || room === null) return true;
    if (backlog <= DEFER_BYTES) {
      // This one is newer than what waits for the reader.
      if (this.slow > 0) this.deferred.get(socket)?.delete(room);
      return true;
    }
    this.metrics.pushes.deferred += 1;
    const waiting = this.deferred.get(socket);
    if (waiting) waiting.set(room, push);
    else this.waitFor(socket, line, new Map([[room, push]]));
    return false;
  }

  private waitFor(socket: TrackerSocket, line: Line, waiting: Map<string, Push>): void {
    this.deferred.set(socket, waiting);
    this.slow += 1;
    onceDrained(line, (ended) => {
      this.slow -= 1;
      this.deferred.delete(socket);
      if (!ended) for (const push of waiting.values()) this.catchUp(push, socket);
    });
  }

  /** Cuts off a socket for which far too much is queued. @returns whether it did. */
  isCut(line: Line, backlog = backlogOf(line)): boolean {
    if (backlog <= CUT_BYTES) return false;
    this.metrics.pushes.cut += 1;
    cutOff(line);
    return true;
  }

  /** A slow reader has read all: it gets the newest of what it missed. If that is not the next, it sees the gap. */
  private catchUp(push: Push, socket: TrackerSocket): void {
    if (!this.presentIn(push.room).has(socket.id)) return;
    const others: string[] = [];
    this.deliver(push, socket, others);
    if (others.length > 0) push.emit(others);
  }
}

function membersOf(server: TrackerServer, room: string | null): readonly string[] {
  if (room === null) return [...server.sockets.sockets.keys()];
  return [...(server.sockets.adapter.rooms.get(room) ?? [])];
}
