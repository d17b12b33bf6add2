import { HttpStatus } from '@nestjs/common';
import { ApiError } from '../http/api-error.js';
import { TokenBucket } from '../http/token-bucket.js';

/**
 * Different chains that the screens of one sign-in may watch at once. Fewer than the calls of a slot: one sign-in alone
 * makes no chain of another one late.
 */
export const CHAINS_A_SESSION = 40;
/**
 * Events of all screens of a sign-in: what a person with a wall of screens needs, and a little more for each screen, so
 * that all of them may ask anew at once. Far less than each of them may send by itself.
 */
export const EVENT_BURST = 120;
export const EVENTS_A_SECOND = 20;
export const BURST_A_SCREEN = 4;
export const EVENTS_A_SECOND_A_SCREEN = 0.2;
/** A sign-in without a screen is remembered so long, ms: leaving and coming back gives no new allowance. */
const REMEMBERED_MS = 60_000;
/** Sign-ins in memory before those are looked for that may be forgotten. */
const ROOMY = 1_000;

/** What the screens of one sign-in share: the chains that they watch between them, and the events that they may send. */
export class SessionShare {
  screens = 0;
  usedAt: number;
  private readonly bucket: TokenBucket;
  /** Chains by the name that screens use, with how often they are held. */
  private readonly chains = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {
    this.usedAt = now();
    this.bucket = new TokenBucket(EVENT_BURST, EVENTS_A_SECOND, now);
  }

  /** A screen has come. */
  enter(): void {
    this.screens += 1;
    this.bucket.widen(BURST_A_SCREEN, EVENTS_A_SECOND_A_SCREEN);
  }

  /** It has gone. */
  leave(): void {
    this.screens -= 1;
    this.usedAt = this.now();
    this.bucket.widen(-BURST_A_SCREEN, -EVENTS_A_SECOND_A_SCREEN);
  }

  /** Counts an event. @returns `false` when it is one too many. */
  takeEvent(): boolean {
    return this.bucket.take();
  }

  /**
   * Holds a chain once more, until `giveBack`. One that another screen holds already costs the broker nothing.
   * @throws ApiError 429 when it is one chain too many.
   */
  hold(name: string): void {
    const held = this.chains.get(name) ?? 0;
    if (held === 0 && this.chains.size >= CHAINS_A_SESSION)
      throw new ApiError(
        HttpStatus.TOO_MANY_REQUESTS,
        'too-many-requests',
        `One sign-in watches ${CHAINS_A_SESSION} chains at most, over all its screens. Close one on this screen or another.`,
      );
    this.chains.set(name, held + 1);
  }

  giveBack(name: string): void {
    const held = (this.chains.get(name) ?? 1) - 1;
    if (held > 0) this.chains.set(name, held);
    else this.chains.delete(name);
  }
}

/** The shares of all sign-ins that have screens here, or had them lately. */
export class SessionShares {
  private readonly shares = new Map<string, SessionShare>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @param sessionId hash of the session's id. */
  of(sessionId: string): SessionShare {
    const share = this.shares.get(sessionId) ?? new SessionShare(this.now);
    share.usedAt = this.now();
    this.shares.set(sessionId, share);
    if (this.shares.size > ROOMY) this.forget();
    return share;
  }

  private forget(): void {
    const before = this.now() - REMEMBERED_MS;
    for (const [id, { screens, usedAt }] of this.shares)
      if (screens === 0 && usedAt < before) this.shares.delete(id);
  }
}
