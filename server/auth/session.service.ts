import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { MINUTE_MS } from '../domain/units.js';
import { hashOf, newSecretId } from './random-id.js';
import { type CookieHeaders, sessionIdOf } from './session-cookie.js';
import { type SessionEndCode, SessionEvents } from './session-events.js';
import { isExpired, SESSION_LIFE_MS, type SignIn } from './sign-in.js';
import { SignInStore } from './sign-in.store.js';

export type NewSignIn = Pick<SignIn, 'brokerUser' | 'method' | 'name' | 'tokenId'>;

/** Sessions of people. The id is known to the browser only; the database has its hash. */
@Injectable()
export class SessionService {
  constructor(
    private readonly store: SignInStore,
    private readonly events: SessionEvents,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Begins a session under a new id. Any session that the browser had before is revoked, so that an id planted in it
   * beforehand never becomes a signed-in one (session fixation).
   * @param headers of the request that signs in; none where no browser does.
   * @returns the id, which belongs in the cookie and nowhere else, and the session that was revoked.
   */
  async create(
    person: NewSignIn,
    headers: CookieHeaders = {},
  ): Promise<{ id: string; signIn: SignIn; replaced: SignIn | null }> {
    const id = newSecretId();
    const now = this.clock.now();
    const signIn = {
      ...person,
      idHash: hashOf(id),
      createdAt: now,
      seenAt: now,
      expiresAt: now + SESSION_LIFE_MS,
    };
    const replaced = await this.find(headers);
    await this.store.insert(signIn, replaced?.idHash ?? null);
    if (replaced) this.events.emit({ idHash: replaced.idHash, code: 'revoked' });
    return { id, signIn, replaced };
  }

  /**
   * Who sends a request with these headers. Being asked for keeps the session alive (noted once a minute at most).
   * @returns null without a cookie, or where its session is unknown, ended or expired.
   */
  async find(headers: CookieHeaders): Promise<SignIn | null> {
    const id = sessionIdOf(headers, this.config);
    return id === null ? null : this.keepAlive(hashOf(id));
  }

  /**
   * The same for those who hold the hash, such as an open socket: call it now and then so that a screen that only
   * listens stays signed in, and to learn that it no longer is.
   */
  async keepAlive(idHash: string): Promise<SignIn | null> {
    const signIn = await this.store.find(idHash);
    if (!signIn) return null;
    const now = this.clock.now();
    if (isExpired(signIn, now)) {
      await this.end(idHash, 'expired');
      return null;
    }
    if (now - signIn.seenAt < MINUTE_MS) return signIn;
    await this.store.touch(idHash, now);
    return { ...signIn, seenAt: now };
  }

  /** Those of the given hashes whose sign-in is gone from the database. One query, however many. */
  async gone(idHashes: readonly string[]): Promise<string[]> {
    const existing = await this.store.existing(idHashes);
    return idHashes.filter((idHash) => !existing.has(idHash));
  }

  /** Ends a session for every screen that uses it. */
  async end(idHash: string, code: SessionEndCode = 'signed-out'): Promise<void> {
    await this.store.remove(idHash);
    this.events.emit({ idHash, code });
  }

  /** Ends the sessions that have expired, so that their sockets end too. @returns how many. */
  async sweep(): Promise<number> {
    const expired = await this.store.expired(this.clock.now());
    for (const idHash of expired) await this.end(idHash, 'expired');
    return expired.length;
  }

  /** Living sessions that came with this broker token. */
  countByToken(tokenId: string): Promise<number> {
    return this.store.countLiving(tokenId, this.clock.now());
  }
}
