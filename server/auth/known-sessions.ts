import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { MINUTE_MS, type EpochMs } from '../domain/units.js';
import { hashOf } from './random-id.js';
import { type CookieHeaders, sessionIdOf } from './session-cookie.js';
import { SessionEvents } from './session-events.js';
import { SessionService } from './session.service.js';
import { isExpired, type SignIn } from './sign-in.js';

/** How often the sign-in of an open socket is looked at, in the clock's time. */
export const CHECK_EVERY_MS = 5 * MINUTE_MS;
/** How often all of them are looked for where other processes may end them, real ms: a sign-out counts within 5 s. */
export const LOOK_EVERY_MS = 3_500;
/** How long a look counts: until the next one, which may take a moment. */
const COUNTS_MS = CHECK_EVERY_MS + MINUTE_MS;
/** Sign-ins kept; beyond, the one that was looked at longest ago is asked for again. */
const MOST = 20_000;

interface Known {
  readonly at: EpochMs;
  readonly signIn: Promise<SignIn | null>;
}

/**
 * Sign-ins that were looked at lately. When a network comes back, thousands of screens do at once: they are let in from
 * memory, and many of one sign-in need one look between them. A sign-in that ends is forgotten at once. One that ended
 * without a word, in a process that could not be heard, is found by `gone`, as it is for a socket that stayed open.
 */
@Injectable()
export class KnownSessions {
  /** By hash, longest known first. */
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly sessions: SessionService,
    private readonly clock: Clock,
    events: SessionEvents,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    events.onEnd(({ idHash }) => this.known.delete(idHash));
  }

  /** Who sends a request with these headers. @returns null where `SessionService.find` would. */
  async find(headers: CookieHeaders): Promise<SignIn | null> {
    const id = sessionIdOf(headers, this.config);
    if (id === null) return null;
    const idHash = hashOf(id);
    const known = this.known.get(idHash);
    const age = known ? this.clock.now() - known.at : NaN;
    if (!known || !(age >= 0 && age < COUNTS_MS)) return this.look(idHash);
    const signIn = await known.signIn;
    // It may have ended, or been looked at again, while this one waited.
    const counts =
      signIn !== null && this.known.get(idHash) === known && !isExpired(signIn, this.clock.now());
    return counts ? signIn : this.look(idHash);
  }

  /** Looks at a sign-in now and keeps it alive. @returns null where it has ended. */
  async look(idHash: string): Promise<SignIn | null> {
    const known = { at: this.clock.now(), signIn: this.sessions.keepAlive(idHash) };
    this.known.delete(idHash);
    this.known.set(idHash, known);
    this.thin();
    const signIn = await known.signIn.catch((error: unknown) => {
      this.forget(idHash, known);
      throw error;
    });
    if (signIn === null) this.forget(idHash, known);
    return signIn;
  }

  /**
   * Which of the given sign-ins are gone, and forgets all that are: what another process ended while the two could not
   * talk. One query for all of these and all that are known.
   */
  async gone(open: Iterable<string>): Promise<string[]> {
    const now = this.clock.now();
    for (const [idHash, { at }] of this.known)
      if (!(now - at >= 0 && now - at < COUNTS_MS)) this.known.delete(idHash);
    const before = new Map(this.known);
    const gone = await this.sessions.gone([...new Set([...open, ...before.keys()])]);
    for (const idHash of gone) {
      const known = before.get(idHash);
      if (known) this.forget(idHash, known);
    }
    return gone;
  }

  private forget(idHash: string, known: Known): void {
    if (this.known.get(idHash) === known) this.known.delete(idHash);
  }

  private thin(): void {
    for (const idHash of this.known.keys()) {
      if (this.known.size <= MOST) return;
      this.known.delete(idHash);
    }
  }
}
