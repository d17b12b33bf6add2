import type { ExpiryInfo, UnderlyingInfo } from '../../server/protocol/index.js';
import type { Api } from '../api.js';
import { problemOf, type Problem } from '../lib/errors.js';
import { underlyingOf, type Route } from '../lib/route.js';

/** What can be looked at, and what is: underlyings, the expiries of the chosen one, the chosen expiry. */
export class Catalog {
  #underlyings = $state.raw<UnderlyingInfo[] | null>(null);
  #underlying = $state.raw<UnderlyingInfo | null>(null);
  #expiries = $state.raw<ExpiryInfo[]>([]);
  #expiry = $state<string | null>(null);
  #problem = $state.raw<Problem | null>(null);
  /** Only the newest choice may set the expiries: answers can overtake one another. */
  #choice = 0;
  /** Steps that were asked for while the expiries were on their way. */
  #steps = 0;

  constructor(private readonly api: Api) {}

  /** `null` until loaded; empty while the instrument list is missing. */
  get underlyings(): UnderlyingInfo[] | null {
    return this.#underlyings;
  }

  get underlying(): UnderlyingInfo | null {
    return this.#underlying;
  }

  get expiries(): ExpiryInfo[] {
    return this.#expiries;
  }

  get expiry(): string | null {
    return this.#expiry;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  async load(): Promise<void> {
    try {
      this.#underlyings = await this.api.underlyings();
      this.#problem = null;
    } catch (error) {
      this.#problem = problemOf(error);
    }
  }

  /** Chooses what a link names; NIFTY, or the first there is, when it names nothing known. */
  async follow(route: Route | null): Promise<void> {
    const all = this.#underlyings ?? [];
    const named = route ? underlyingOf(all, route.underlying) : undefined;
    const chosen = named ?? underlyingOf(all, 'NIFTY') ?? all[0];
    if (chosen) await this.choose(chosen, named ? (route?.expiry ?? null) : null);
  }

  /** @param expiry kept even when it is not listed (a recorded day); `null` takes the nearest */
  async choose(underlying: UnderlyingInfo, expiry: string | null = null): Promise<void> {
    if (underlying.key === this.#underlying?.key && this.#expiries.length > 0) {
      this.#expiry = expiry ?? this.#expiry;
      return;
    }
    const choice = ++this.#choice;
    this.#underlying = underlying;
    this.#expiries = [];
    this.#expiry = expiry ?? underlying.nearestExpiry;
    this.#steps = 0;
    try {
      const expiries = await this.api.expiries(underlying.key);
      if (choice !== this.#choice) return;
      this.#expiries = expiries;
      this.#expiry ??= expiries[0]?.expiry ?? null;
      this.#step(this.#steps);
      this.#problem = null;
    } catch (error) {
      if (choice === this.#choice) this.#problem = problemOf(error);
    }
  }

  chooseExpiry(expiry: string): void {
    this.#expiry = expiry;
  }

  /** The expiry before or after the chosen one; stays at the ends. Is done later while the list is on its way. */
  stepExpiry(step: 1 | -1): void {
    if (this.#expiries.length === 0) this.#steps += step;
    else this.#step(step);
  }

  #step(steps: number): void {
    const to = this.#expiries.findIndex((e) => e.expiry === this.#expiry) + steps;
    // An expiry that is not listed, of a recorded day, stands before the first.
    if (steps === 0 || to < 0) return;
    this.#expiry = this.#expiries[Math.min(to, this.#expiries.length - 1)]?.expiry ?? this.#expiry;
  }
}
