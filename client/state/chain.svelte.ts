import type { ChainRef, ChangeFrame, FeedStatus, Table, WatchAck } from '../../server/protocol/index.js';
import { problemOf, type Problem } from '../lib/errors.js';
import { applyChange, FrameMismatch } from '../lib/merge.js';
import type { Link } from '../socket.js';

export type ChainPhase = 'idle' | 'loading' | 'ready' | 'waiting' | 'failed';

/** The chain on this screen: watched, kept up to date frame by frame, watched again on a gap. */
export class ChainStore {
  #ref = $state.raw<ChainRef | null>(null);
  #table = $state.raw<Table | null>(null);
  #phase = $state<ChainPhase>('idle');
  #problem = $state.raw<Problem | null>(null);
  /** Watches again so far because a frame did not fit; for tests and the console. */
  #resyncs = 0;
  /** Number of the newest request; an older answer is dropped. */
  #request = 0;
  /** Frames that came before the answer they follow. `null` when no answer is awaited. */
  #early: ChangeFrame[] | null = null;

  constructor(
    private readonly link: Pick<Link, 'connected' | 'watch' | 'unwatch'>,
    private readonly onStatus: (status: FeedStatus) => void,
  ) {}

  get ref(): ChainRef | null {
    return this.#ref;
  }

  get table(): Table | null {
    return this.#table;
  }

  get phase(): ChainPhase {
    return this.#phase;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get resyncs(): number {
    return this.#resyncs;
  }

  /** Watches a chain instead of the one before. `null` watches none. */
  watch(ref: ChainRef | null): void {
    const old = this.#ref;
    if (same(old, ref)) return;
    this.#ref = ref;
    this.#table = null;
    this.#problem = null;
    this.#phase = ref ? 'loading' : 'idle';
    if (old && this.link.connected) void this.#leave(old);
    void this.sync();
  }

  /** Asks for the whole table: at first, after a lost line and after a gap. The table stays until the answer. */
  async sync(): Promise<void> {
    const ref = this.#ref;
    const request = ++this.#request;
    this.#early = null;
    if (!ref || !this.link.connected) return;
    this.#early = [];
    try {
      const answer = await this.link.watch(ref);
      if (request === this.#request) this.#take(answer);
    } catch (error) {
      if (request === this.#request) this.#fail(problemOf(error));
    }
  }

  /** A pushed frame. Old ones are dropped; one that does not fit makes the chain be watched again. */
  apply(frame: ChangeFrame): void {
    if (frame.underlying !== this.#ref?.underlying || frame.expiry !== this.#ref.expiry) return;
    if (this.#early) {
      this.#early.push(frame);
      return;
    }
    if (this.#table && frame.seq <= this.#table.seq) return;
    try {
      if (!this.#table) throw new FrameMismatch('no table yet');
      this.#table = applyChange(this.#table, frame);
    } catch (error) {
      if (!(error instanceof FrameMismatch)) throw error;
      this.#resyncs += 1;
      void this.sync();
    }
  }

  #take(answer: WatchAck): void {
    if (!answer.ok) return this.#fail(answer.error);
    const early = this.#early ?? [];
    this.#early = null;
    this.#table = answer.table ?? this.#table;
    this.#phase = this.#table ? 'ready' : 'waiting';
    this.#problem = null;
    this.onStatus(answer.status);
    for (const frame of early) this.apply(frame);
  }

  #fail(problem: Problem): void {
    this.#early = null;
    this.#problem = problem;
    this.#phase = 'failed';
  }

  /** Leaving may fail with the line; the server forgets the screen then anyway. */
  async #leave(ref: ChainRef): Promise<void> {
    try {
      await this.link.unwatch(ref);
    } catch (error) {
      console.warn('leaving a chain was not acknowledged', error);
    }
  }
}

function same(a: ChainRef | null, b: ChainRef | null): boolean {
  return a?.underlying === b?.underlying && a?.expiry === b?.expiry;
}
