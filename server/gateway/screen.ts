import { HttpStatus } from '@nestjs/common';
import { chainKey, type ChainId } from '../domain/contract.js';
import { ApiError } from '../http/api-error.js';
import { SessionShare } from './session-share.js';

/** Chains one screen may watch at once. */
export const CHAINS_A_SCREEN = 12;

/** A chain that a screen has asked for and that is being prepared. */
export interface Wish {
  /** The chain as the screen names it: its underlying by key or by symbol. */
  readonly ref: ChainId;
  /** The screen went on to something else meanwhile. */
  left: boolean;
}

interface Watched {
  readonly key: string;
  readonly chain: ChainId;
}

/** A name that the screen uses, and the key of the chain that it means. */
interface Name {
  readonly name: string;
  readonly key: string;
}

const NONE: readonly never[] = [];

/**
 * What one screen watches, and what it has asked for. Lists of a few, shared while empty: there are thousands of screens,
 * and most watch a single chain.
 */
export class Screen {
  private watched: readonly Watched[] = NONE;
  private names: readonly Name[] = NONE;
  private wishes: readonly Wish[] = NONE;

  /** @param share of the sign-in that the screen belongs to. */
  constructor(private readonly share = new SessionShare()) {}

  /**
   * Notes that the screen asks for a chain. Call `settle` when it is watched, or cannot be.
   * @throws ApiError 429 when the chain, with those being prepared, is one too many for the screen or its sign-in.
   */
  wish(ref: ChainId): Wish {
    const asked = new Set(this.names.map(({ name }) => name));
    for (const wish of this.wishes) asked.add(chainKey(wish.ref));
    if (asked.add(chainKey(ref)).size > CHAINS_A_SCREEN)
      throw new ApiError(
        HttpStatus.TOO_MANY_REQUESTS,
        'too-many-requests',
        `One screen watches ${CHAINS_A_SCREEN} chains at most. Close one.`,
      );
    this.share.hold(chainKey(ref));
    const wish = { ref, left: false };
    this.wishes = [...this.wishes, wish];
    return wish;
  }

  settle(wish: Wish): void {
    if (!this.wishes.includes(wish)) return;
    this.share.giveBack(chainKey(wish.ref));
    this.wishes = without(this.wishes, (one) => one === wish);
  }

  /** @param chain what the wish turned out to mean. @returns whether the screen did not watch it before. */
  enter(wish: Wish, chain: ChainId): boolean {
    const [name, key] = [chainKey(wish.ref), chainKey(chain)];
    // One string where the two are alike, as they mostly are.
    const named = name === key ? { name: key, key } : { name, key };
    if (!this.names.some((one) => one.name === name)) this.share.hold(name);
    this.names = [...without(this.names, (one) => one.name === name), named];
    if (this.watched.some((one) => one.key === key)) return false;
    this.watched = [...this.watched, { key, chain }];
    return true;
  }

  /** Also takes back what is being prepared. @returns the chain that is watched no longer, `null` when none was. */
  leave(ref: ChainId): ChainId | null {
    const name = chainKey(ref);
    for (const wish of this.wishes) if (chainKey(wish.ref) === name) wish.left = true;
    const key = this.names.find((one) => one.name === name)?.key ?? name;
    const chain = this.watched.find((one) => one.key === key)?.chain ?? null;
    this.watched = without(this.watched, (one) => one.key === key);
    for (const one of this.names) if (one.key === key) this.share.giveBack(one.name);
    this.names = without(this.names, (one) => one.key === key);
    return chain;
  }

  /** @returns every chain that was watched. */
  leaveAll(): ChainId[] {
    for (const wish of this.wishes) wish.left = true;
    const all = this.watched.map(({ chain }) => chain);
    for (const { name } of this.names) this.share.giveBack(name);
    this.watched = NONE;
    this.names = NONE;
    return all;
  }
}

function without<T>(list: readonly T[], unwanted: (one: T) => boolean): readonly T[] {
  const kept = list.filter((one) => !unwanted(one));
  return kept.length > 0 ? kept : NONE;
}
