import { nowMs } from './stats.mjs';

/** How often the loop is expected to come round; a block is known to so much, ms. */
const BEAT_MS = 1;

/** Measures for how long the event loop of its process is held up at most. What is under way at `begin` counts too. */
export class LoopWatch {
  #beat = null;
  #last = 0;
  #longest = 0;

  begin() {
    clearInterval(this.#beat);
    this.#longest = 0;
    this.#last = nowMs();
    this.#beat = setInterval(() => this.#look(), BEAT_MS);
  }

  /** @returns the longest time between two turns since `begin`, ms */
  end() {
    this.#look();
    clearInterval(this.#beat);
    return this.#longest;
  }

  #look() {
    const now = nowMs();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
