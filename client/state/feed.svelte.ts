import type { ChainRef, ChangeFrame, FeedStatus } from '../../server/protocol/index.js';
import { feedLabel, type FeedLabel } from '../lib/feed-label.js';

/** Is the line up, what does the server say about the chain, and what time is it there. */
export class Feed {
  #connected = $state(false);
  #server = $state.raw<FeedStatus | null>(null);
  #chain = $state.raw<FeedStatus | null>(null);
  /** This machine's clock when the newest status came: only differences to it are used. */
  #receivedAt = $state(0);
  #newest = $state.raw<FeedStatus | null>(null);
  #lostAtLocal = $state<number | null>(null);
  #tick = $state(0);
  #arrivedAt = $state<number | null>(null);

  constructor(private readonly localNow: () => number) {
    this.#tick = localNow();
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** About the chain on the screen or, before that is known, about the server. */
  get status(): FeedStatus | null {
    return this.#chain ?? this.#server;
  }

  get server(): FeedStatus | null {
    return this.#server ?? this.#chain;
  }

  /** The server's clock, epoch ms, as of the last `tick`. Runs on when the line is down. */
  get now(): number {
    return this.#serverTime(this.#tick);
  }

  /** When the newest change of the chain came in, by the server's clock, epoch ms; `null` before the first. */
  get arrivedAt(): number | null {
    return this.#arrivedAt;
  }

  /** Of the chain on the screen. */
  get label(): FeedLabel {
    return this.#labelOf(this.status);
  }

  /** Of the server as a whole. */
  get serverLabel(): FeedLabel {
    return this.#labelOf(this.server);
  }

  #labelOf(status: FeedStatus | null): FeedLabel {
    const lost = this.#lostAtLocal;
    return feedLabel({
      connected: this.#connected,
      lostAt: lost === null ? null : this.#serverTime(lost),
      lostForMs: lost === null ? 0 : this.#tick - lost,
      status,
      now: this.now,
    });
  }

  /** To be called every second. */
  tick(): void {
    this.#tick = this.localNow();
  }

  up(): void {
    this.#connected = true;
    this.#lostAtLocal = null;
  }

  down(): void {
    if (this.#connected) this.#lostAtLocal = this.localNow();
    this.#connected = false;
    this.tick();
  }

  /** @param watched the chain on the screen: word about others is not for it */
  take(status: FeedStatus, watched: ChainRef | null): void {
    if (status.chain === null) this.#server = status;
    else if (status.chain.underlying === watched?.underlying && status.chain.expiry === watched.expiry)
      this.#chain = status;
    else return;
    this.#newest = status;
    this.#receivedAt = this.localNow();
    this.tick();
  }

  /** A change of the chain on the screen: its slot and the counts stand in no status of their own. */
  takeChange(frame: ChangeFrame, watched: ChainRef | null): void {
    const chain = this.#chain;
    if (!chain || frame.underlying !== watched?.underlying || frame.expiry !== watched.expiry) return;
    const { slot: lastSlot, capturedAt: lastCapturedAt, quality = chain.quality } = frame;
    this.#chain = { ...chain, lastSlot, lastCapturedAt, quality };
    this.tick();
    // The server's clock is known here but for the time on the way, which counts twenty times in the demo.
    this.#arrivedAt = Math.max(this.now, lastCapturedAt);
  }

  /** Another chain comes on the screen. */
  forgetChain(): void {
    this.#chain = null;
    this.#arrivedAt = null;
  }

  #serverTime(local: number): number {
    const newest = this.#newest;
    return newest ? newest.serverNow + (local - this.#receivedAt) * newest.clockRate : local;
  }
}
