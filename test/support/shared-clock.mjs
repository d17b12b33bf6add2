import { openSync, readSync, writeSync } from 'node:fs';

/**
 * A clock that processes share and the test moves: it runs `rate` times as fast as the machine's from `since`, plus a
 * lead that the test enlarges. The lead is eight bytes of a file, so that all processes are moved in the same moment,
 * one that is paused among them. Plain JavaScript: a process under test uses it, too.
 */
export class SharedClock {
  #fd;
  #bytes = Buffer.alloc(8);

  /** @param {string} file of the lead, which exists @param {{start: number, rate: number, since: number}} pace */
  constructor(file, { start, rate, since }) {
    this.file = file;
    this.start = start;
    this.rate = rate;
    this.since = since;
    this.#fd = openSync(file, 'r+');
  }

  now() {
    return Math.floor(this.start + (Date.now() - this.since) * this.rate + this.#lead());
  }

  /** Moves to a later time; never back, since a slot must not come twice. */
  skipTo(time) {
    const ahead = time - this.now();
    if (ahead <= 0) return;
    this.#bytes.writeDoubleLE(this.#lead() + ahead);
    writeSync(this.#fd, this.#bytes, 0, 8, 0);
  }

  /** Resolves after `ms` of this clock's time at its rate; a skip wakes nobody early. */
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, ms / this.rate);
      const end = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  #lead() {
    return readSync(this.#fd, this.#bytes, 0, 8, 0) === 8 ? this.#bytes.readDoubleLE() : 0;
  }
}
