import type { PooledToken } from './broker-token.store.js';

/** Spreads calls over broker users, whose limits are counted apart. */
export class UserTurns {
  private readonly timesUsed = new Map<string, number>();

  /** A token of the user who was chosen least often; null where there is none. */
  next(tokens: readonly PooledToken[]): PooledToken | null {
    const chosen = tokens.reduce<PooledToken | null>(
      (best, token) => (best === null || this.uses(token) < this.uses(best) ? token : best),
      null,
    );
    if (chosen) this.timesUsed.set(chosen.userId, this.uses(chosen) + 1);
    return chosen;
  }

  /** Lets all begin level again, or a new user would carry the whole load until level with the others. */
  clear(): void {
    this.timesUsed.clear();
  }

  private uses(token: PooledToken): number {
    return this.timesUsed.get(token.userId) ?? 0;
  }
}

/** `first` and those of `second` that are not the same token or row again. */
export function joined(first: readonly PooledToken[], second: readonly PooledToken[]): PooledToken[] {
  const known = new Set(first.flatMap((token) => [token.id, token.accessToken]));
  return [...first, ...second.filter((token) => !known.has(token.id) && !known.has(token.accessToken))];
}

/** Equal for the same tokens in any order. */
export function signature(tokens: readonly PooledToken[]): string {
  return tokens
    .map((token) => `${token.id} ${token.method}`)
    .sort()
    .join('\n');
}
