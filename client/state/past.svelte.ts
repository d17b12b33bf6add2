import type { ChainRef, Table } from '../../server/protocol/index.js';
import type { Api } from '../api.js';
import { problemOf, type Problem } from '../lib/errors.js';

/** A look at an earlier slot. While one is on, the live table goes on behind it. */
export class PastView {
  #at = $state<number | null>(null);
  #table = $state.raw<Table | null>(null);
  #problem = $state.raw<Problem | null>(null);
  #request = 0;

  constructor(private readonly api: Pick<Api, 'tableAt'>) {}

  /** The instant asked for, epoch ms; `null` = live. */
  get at(): number | null {
    return this.#at;
  }

  get table(): Table | null {
    return this.#table;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  async show(ref: ChainRef, at: number): Promise<void> {
    const request = ++this.#request;
    this.#at = at;
    this.#problem = null;
    try {
      const table = await this.api.tableAt(ref.underlying, ref.expiry, at);
      if (request === this.#request) this.#table = table;
    } catch (error) {
      if (request !== this.#request) return;
      this.#problem = problemOf(error);
      this.#table = null;
    }
  }

  backToLive(): void {
    this.#request += 1;
    this.#at = null;
    this.#table = null;
    this.#problem = null;
  }
}
