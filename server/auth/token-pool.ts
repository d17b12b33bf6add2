import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import type { EpochMs } from '../domain/units.js';
import type { BrokerToken } from '../upstox/broker.js';
import { tokenClaims } from '../upstox/token-claims.js';
import { BrokerTokenStore, type PooledToken } from './broker-token.store.js';
import { isUnattended } from './sign-in.js';
import { joined, signature, UserTurns } from './token-list.js';

export interface TokenPoolState {
  readonly hasToken: boolean;
  /** When the last usable token dies; null where there is none, or the end of one is not known. */
  readonly expiresAt: EpochMs | null;
  /** Why there is no token, in a trader's words; null while there is one, and before the first sign-in. */
  readonly reason: string | null;
}

const EXPIRED = 'The broker sign-in has expired.';
const UNREADABLE =
  'The stored broker sign-in cannot be read with the present key (TRACKER_SECRET or key file). Please sign in again.';

/** All usable broker tokens, in memory after the start. The collector takes any; a dead one is never given out again. */
@Injectable()
export class TokenPool implements OnModuleInit {
  private readonly logger = new Logger('Tokens');
  private readonly listeners = new Set<() => void>();
  private readonly turns = new UserTurns();
  /** Ids that this process has taken out of use: a re-reading of the store must not bring them back. */
  private readonly gone = new Set<string>();
  private tokens: PooledToken[] = [];
  private reason: string | null = null;

  constructor(
    private readonly store: BrokerTokenStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    const { tokens, unreadable } = await this.store.living();
    if (unreadable > 0) {
      this.reason = UNREADABLE;
      this.logger.warn(`${unreadable} stored broker token(s) cannot be read: wrong key or damaged row`);
    }
    this.tokens = joined(this.fromEnvironment(), tokens);
    this.dropExpired();
  }

  /**
   * Reads the store again: takes up tokens that another process (`token add`) has stored and drops those it removed.
   * @returns whether anything changed.
   */
  async refresh(): Promise<boolean> {
    const before = new Set(this.tokens);
    const { tokens } = await this.store.living();
    const stored = tokens.filter((token) => !this.gone.has(token.id));
    // Those that came in while the store was being read may not have been in it yet.
    const own = this.tokens.filter((token) => token.method === 'environment' || !before.has(token));
    const next = joined(own, stored);
    if (signature(next) === signature(this.tokens)) return false;
    this.tokens = next;
    if (next.length > 0) this.reason = null;
    this.logger.log(`broker tokens read again: ${next.length} in use`);
    this.changed();
    return true;
  }

  /** A usable token, of the user whose tokens were given out least; null when somebody must sign in. */
  current(): BrokerToken | null {
    this.dropExpired();
    const chosen = this.turns.next(this.tokens);
    if (chosen === null) return null;
    return { accessToken: chosen.accessToken, userId: chosen.userId };
  }

  /**
   * Takes a token out for good, at once. Call it when the broker answers 401.
   * @param reason for the screen and the database; no text that holds the token.
   */
  markDead(token: BrokerToken, reason: string): void {
    this.bury(
      this.tokens.filter((entry) => entry.accessToken === token.accessToken),
      reason,
    );
  }

  /** @returns what stops the listening. Called when a token was added, died or was forgotten. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  state(): TokenPoolState {
    this.dropExpired();
    if (this.tokens.length === 0) return { hasToken: false, expiresAt: null, reason: this.reason };
    const ends = this.tokens.map((token) => token.expiresAt ?? Infinity);
    const last = Math.max(...ends);
    return { hasToken: true, expiresAt: Number.isFinite(last) ? last : null, reason: null };
  }

  /** When this token dies by the clock; null where it does not, or is no longer in the pool. */
  expiresAt(id: string): EpochMs | null {
    return this.tokens.find((token) => token.id === id)?.expiresAt ?? null;
  }

  /**
   * Stores a token that the broker has accepted and puts it to use; one that is there already is not stored twice.
   * @returns its id.
   */
  async add(token: Omit<PooledToken, 'id'>): Promise<string> {
    const known = this.tokens.find((entry) => entry.accessToken === token.accessToken);
    if (known) return known.id;
    const stored = { ...token, id: randomUUID() };
    await this.store.insert(stored, this.clock.now());
    this.tokens = joined(this.tokens, [stored]);
    this.reason = null;
    this.changed();
    return stored.id;
  }

  /**
   * Removes a person's token from the pool and the database. A token that was given to the server stays: collection
   * goes on without people.
   * @returns it, where it was removed and still usable.
   */
  async forget(id: string): Promise<BrokerToken | null> {
    const token = this.tokens.find((entry) => entry.id === id);
    if (token && isUnattended(token.method)) return null;
    this.gone.add(id);
    this.tokens = this.tokens.filter((entry) => entry.id !== id);
    await this.store.remove(id);
    if (!token) return null;
    this.changed();
    return { accessToken: token.accessToken, userId: token.userId };
  }

  private fromEnvironment(): PooledToken[] {
    const { accessToken } = this.config.upstox;
    if (accessToken === null) return [];
    const { userId, expiresAt } = tokenClaims(accessToken);
    return [
      { id: 'environment', userId: userId ?? 'environment', method: 'environment', accessToken, expiresAt },
    ];
  }

  private dropExpired(): void {
    const now = this.clock.now();
    const expired = this.tokens.filter((token) => token.expiresAt !== null && token.expiresAt <= now);
    this.bury(expired, EXPIRED);
  }

  private bury(dead: readonly PooledToken[], reason: string): void {
    if (dead.length === 0) return;
    this.tokens = this.tokens.filter((token) => !dead.includes(token));
    this.reason = reason;
    for (const token of dead) {
      this.gone.add(token.id);
      this.logger.warn(`broker token of ${token.userId} (${token.method}) is out of use: ${reason}`);
      if (token.method !== 'environment') this.recordDeath(token.id, reason);
    }
    this.changed();
  }

  /** In the background: the collector must not wait for it. A death that could not be stored is found again by a 401. */
  private recordDeath(id: string, reason: string): void {
    this.store
      .markDead(id, this.clock.now(), reason)
      .catch((error: Error) => this.logger.error(`the death of a token was not stored: ${error.message}`));
  }

  private changed(): void {
    this.turns.clear();
    for (const listener of [...this.listeners]) listener();
  }
}
