import { HttpStatus } from '@nestjs/common';
import { chainKey, type ChainId } from '../domain/contract.js';
import { ApiError } from '../http/api-error.js';

/** Chains one screen may watch at once. */
export const CHAINS_A_SCREEN = 12;

/** A chain that a screen has asked for and that is being prepared. */
export interface Wish {
  /** The chain as the screen names it: its underlying by key or by symbol. */
  readonly ref: ChainId;
  /** The screen went on to something else meanwhile. */
  left: boolean;
}

/** What one screen watches, and what it has asked for. */
export class Screen {
  /** By key; `names` leads there from the names that the screen uses. */
  private readonly watched = new Map<string, ChainId>();
  private readonly names = new Map<string, string>();
  private readonly wishes = new Set<Wish>();

  /**
   * Notes that the screen asks for a chain. Call `settle` when it is prepared, or cannot be.
   * @throws ApiError 429 when the chain, with those being prepared, is one too many.
   */
  wish(ref: ChainId): Wish {
    const asked = new Set([...this.names.keys(), ...[...this.wishes].map((wish) => chainKey(wish.ref))]);
    if (asked.add(chainKey(ref)).size > CHAINS_A_SCREEN)
      throw new ApiError(
        HttpStatus.TOO_MANY_REQUESTS,
        'too-many-requests',
        `One screen watches ${CHAINS_A_SCREEN} chains at most. Close one.`,
      );
    const wish = { ref, left: false };
    this.wishes.add(wish);
    return wish;
  }

  settle(wish: Wish): void {
    this.wishes.delete(wish);
  }

  /** @param chain what the wish turned out to mean. @returns whether the screen did not watch it before. */
  enter(wish: Wish, chain: ChainId): boolean {
    const key = chainKey(chain);
    this.names.set(chainKey(wish.ref), key);
    if (this.watched.has(key)) return false;
    this.watched.set(key, chain);
    return true;
  }

  /** Also takes back what is being prepared. @returns the chain that is watched no longer, `null` when none was. */
  leave(ref: ChainId): ChainId | null {
    const name = chainKey(ref);
    for (const wish of this.wishes) if (chainKey(wish.ref) === name) wish.left = true;
    const key = this.names.get(name) ?? name;
    const chain = this.watched.get(key) ?? null;
    this.watched.delete(key);
    for (const [known, meant] of this.names) if (meant === key) this.names.delete(known);
    return chain;
  }

  /** @returns every chain that was watched. */
  leaveAll(): ChainId[] {
    for (const wish of this.wishes) wish.left = true;
    const all = [...this.watched.values()];
    this.watched.clear();
    this.names.clear();
    return all;
  }
}
