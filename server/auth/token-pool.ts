import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import type { EpochMs } from '../domain/units.js';
import type { BrokerToken } from '../upstox/broker.js';
import { tokenClaims } from '../upstox/token-claims.js';
import { BrokerTokenStore, type PooledToken } from './broker-token.store.js';

export interface TokenPoolState {
  readonly hasToken: boolean;
  /** When the last usable token dies; null where there is none or it does not expire by the clock. */
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
  private readonly timesUsed = new Map<string, number>();
  private tokens: PooledToken[] = [];
  private reason: string | null = null;

  constructor(
    private readonly store: BrokerTokenStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    const { tokens, unreadable } = await this.store.living();
    this.tokens = tokens;
    if (unreadable > 0) {
      this.reason = UNREADABLE;
      this.logger.warn(`${unreadable} stored broker token(s) cannot be read: wrong key or damaged row`);
    }
    this.addFromEnvironment();
    this.dropExpired();
  }

  /** A usable token, of the user whose tokens were given out least; null when somebody must sign in. */
  current(): BrokerToken | null {
    this.dropExpired();
    const chosen = this.tokens.reduce<PooledToken | null>(
      (best, token) => (best === null || this.uses(token) < this.uses(best) ? token : best),
      null,
    );
    if (chosen === null) return null;
    this.timesUsed.set(chosen.userId, this.uses(chosen) + 1);
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
    if (known && known.method !== 'environment') return known.id;
    const stored = { ...token, id: randomUUID() };
    await this.store.insert(stored, this.clock.now());
    this.tokens = [...this.tokens.filter((entry) => entry !== known), stored];
    this.reason = null;
    this.changed();
    return stored.id;
  }

  /** Removes a token from the pool and the database. @returns it, where it was still usable. */
  async forget(id: string): Promise<BrokerToken | null> {
    const token = this.tokens.find((entry) => entry.id === id);
    this.tokens = this.tokens.filter((entry) => entry.id !== id);
    await this.store.remove(id);
    if (!token) return null;
    this.changed();
    return { accessToken: token.accessToken, userId: token.userId };
  }

  private addFromEnvironment(): void {
    const { accessToken, simulated } = this.config.upstox;
    if (accessToken === null || this.tokens.some((token) => token.accessToken === accessToken)) return;
    const claims = tokenClaims(accessToken, this.clock.now());
    const expiresAt = simulated && accessToken === 'demo' ? null : claims.expiresAt;
    const userId = claims.userId ?? 'environment';
    this.tokens.push({ id: 'environment', userId, method: 'environment', accessToken, expiresAt });
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

  private uses(token: PooledToken): number {
    return this.timesUsed.get(token.userId) ?? 0;
  }

  /** Users start level again, or a new one would carry the whole load until it has caught up. */
  private changed(): void {
    this.timesUsed.clear();
    for (const listener of [...this.listeners]) listener();
  }
}
