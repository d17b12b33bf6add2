import type { MarketBoard, MarketFrame, MarketWatchAck, SweepStatus } from '../../server/protocol/index.js';
import { partProblem, type Problem } from '../lib/errors.js';
import type { applyMarket } from '../lib/market-merge.js';
import { parts } from '../lib/parts.js';
import { FrameMismatch } from '../lib/sparse.js';
import type { Link } from '../socket.js';

interface Decoder {
  applyMarket: typeof applyMarket;
}

export type MarketPhase = 'idle' | 'loading' | 'ready' | 'waiting' | 'failed';

/** The market page's board: watched while the page is open, kept up frame by frame, watched again on a gap. */
export class MarketStore {
  #open = false;
  #board = $state.raw<MarketBoard | null>(null);
  #sweep = $state.raw<SweepStatus | null>(null);
  #phase = $state<MarketPhase>('idle');
  #problem = $state.raw<Problem | null>(null);
  /** Watches again so far because a frame did not fit; for tests and the console. */
  #resyncs = 0;
  /** Number of the newest request; an older answer is dropped. */
  #request = 0;
  /** Frames that came before the answer they follow. `null` when no answer is awaited. */
  #early: MarketFrame[] | null = null;

  /** The decoder of frames. Whoever only watches chains does without it. */
  #decoder: Decoder | null = null;

  constructor(
    private readonly link: Pick<Link, 'connected' | 'watchMarket' | 'unwatchMarket'>,
    private readonly fetchDecoder: () => Promise<Decoder> = parts.marketMerge,
  ) {}

  get board(): MarketBoard | null {
    return this.#board;
  }

  /** How the sweep is doing; `null` before the first word. */
  get sweep(): SweepStatus | null {
    return this.#sweep;
  }

  get phase(): MarketPhase {
    return this.#phase;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get resyncs(): number {
    return this.#resyncs;
  }

  /** The page comes on the screen. An old board is shown until the new one is here. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    if (!this.#board) this.#phase = 'loading';
    void this.sync();
  }

  /** The page leaves the screen. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#request += 1;
    this.#early = null;
    if (this.link.connected) void this.#leave();
  }

  /** After a sign-out nothing may stay. */
  forget(): void {
    this.close();
    this.#board = null;
    this.#sweep = null;
    this.#problem = null;
    this.#phase = 'idle';
  }

  /** Asks for the whole board: at first, after a lost line and after a gap. */
  async sync(): Promise<void> {
    const request = ++this.#request;
    this.#early = null;
    if (!this.#open || !this.link.connected) return;
    this.#early = [];
    try {
      const [answer, decoder] = await Promise.all([this.link.watchMarket(), this.fetchDecoder()]);
      this.#decoder = decoder;
      if (request === this.#request) this.#take(answer);
    } catch (error) {
      if (request === this.#request) this.#fail(partProblem(error));
    }
  }

  /** A pushed frame. Old ones are dropped; one that does not fit makes the board be asked for again. */
  apply(frame: MarketFrame): void {
    if (!this.#open) return;
    if (this.#early) {
      this.#early.push(frame);
      return;
    }
    if (this.#board && frame.seq <= this.#board.seq) return;
    try {
      if (!this.#board || !this.#decoder) throw new FrameMismatch('no board yet');
      this.#board = this.#decoder.applyMarket(this.#board, frame);
      this.#sweep = frame.sweep;
    } catch (error) {
      if (!(error instanceof FrameMismatch)) throw error;
      this.#resyncs += 1;
      void this.sync();
    }
  }

  #take(answer: MarketWatchAck): void {
    if (!answer.ok) return this.#fail(answer.error);
    const early = this.#early ?? [];
    this.#early = null;
    this.#board = answer.board;
    this.#sweep = answer.sweep;
    this.#phase = answer.board ? 'ready' : 'waiting';
    this.#problem = null;
    for (const frame of early) this.apply(frame);
  }

  #fail(problem: Problem): void {
    this.#early = null;
    this.#problem = problem;
    this.#phase = 'failed';
  }

  /** Leaving may fail with the line; the server forgets the screen then anyway. */
  async #leave(): Promise<void> {
    try {
      await this.link.unwatchMarket();
    } catch (error) {
      console.warn('leaving the market page was not acknowledged', error);
    }
  }
}
