import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { ApiError } from '../http/api-error.js';
import { Broker } from '../upstox/broker.js';
import { tokenClaims } from '../upstox/token-claims.js';
import { type ApiCredentials, OAuthStateStore } from './oauth-state.store.js';
import type { CookieHeaders } from './session-cookie.js';
import { type NewSignIn, SessionService } from './session.service.js';
import type { SignIn, SignInMethod } from './sign-in.js';
import { TokenCheck } from './token-check.js';
import { TokenPool } from './token-pool.js';

/** The ways in and the way out. */
@Injectable()
export class SignInService {
  private readonly logger = new Logger('Auth');

  constructor(
    private readonly broker: Broker,
    private readonly states: OAuthStateStore,
    private readonly tokens: TokenPool,
    private readonly tokenCheck: TokenCheck,
    private readonly sessions: SessionService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Begins a sign-in at the broker's page.
   * @param typed key and secret that the person typed in; null for the configured ones.
   * @returns the address of the broker's page.
   * @throws ApiError 400 where neither is there.
   */
  async beginOAuth(typed: ApiCredentials | null, browserId: string): Promise<string> {
    const credentials = typed ?? this.configured();
    const state = await this.states.begin(credentials, browserId);
    return this.broker.loginUrl(credentials.clientId, this.config.upstox.redirectUri, state);
  }

  /**
   * Ends it: trades the code for a token. The state is used up in any case.
   * @returns the person, or null where the state is not one of this browser's.
   * @throws BrokerError
   */
  async finishOAuth(code: string, state: string, browserId: string | null): Promise<NewSignIn | null> {
    const credentials = await this.states.consume(state, browserId);
    if (credentials === null) return null;
    const { redirectUri } = this.config.upstox;
    const { accessToken, userId, userName } = await this.broker.exchangeCode({
      ...credentials,
      code,
      redirectUri,
    });
    const { expiresAt } = tokenClaims(accessToken);
    const tokenId = await this.tokens.add({ userId, method: 'oauth', accessToken, expiresAt });
    return person('oauth', userId, userName, tokenId);
  }

  /** Ends one that comes to nothing: what was typed in for it is deleted. */
  abandonOAuth(state: string): Promise<void> {
    return this.states.abandon(state);
  }

  /** @throws ApiError, BrokerError as `TokenCheck.check` does. */
  async withToken(accessToken: string): Promise<NewSignIn> {
    const { token, name } = await this.tokenCheck.check(accessToken);
    const tokenId = await this.tokens.add(token);
    return person(token.method === 'demo' ? 'demo' : 'token', token.userId, name, tokenId);
  }

  /** Opens the session of a person who came in. @returns the session id for the cookie, and the sign-in. */
  async open(newcomer: NewSignIn, headers: CookieHeaders): Promise<{ id: string; signIn: SignIn }> {
    const { id, signIn, replaced } = await this.sessions.create(newcomer, headers);
    this.logger.log(`${signIn.brokerUser} signed in (${signIn.method})`);
    if (replaced) await this.release(replaced);
    return { id, signIn };
  }

  /** Ends a session, and forgets its broker token where no other session came with it. */
  async signOut(signIn: SignIn): Promise<void> {
    await this.sessions.end(signIn.idHash);
    this.logger.log(`${signIn.brokerUser} signed out`);
    await this.release(signIn);
  }

  /**
   * The demo's token is public and stays: the demo market goes on without anyone signed in. So does a token that was
   * given to the server (see TokenPool.forget). A viewer has none.
   */
  private async release({ tokenId, method }: SignIn): Promise<void> {
    if (method === 'demo' || method === 'viewer' || (await this.sessions.countByToken(tokenId)) > 0) return;
    const token = await this.tokens.forget(tokenId);
    // A pasted token may be in use elsewhere; one from our own OAuth sign-in is ours to revoke.
    if (token === null || method !== 'oauth') return;
    await this.broker
      .logout(token)
      .catch((error: Error) => this.logger.warn(`the broker did not revoke a token: ${error.message}`));
  }

  private configured(): ApiCredentials {
    const { clientId, clientSecret } = this.config.upstox;
    if (clientId === null || clientSecret === null)
      throw new ApiError(400, 'bad-request', 'Enter the API key and the API secret of your Upstox app.');
    return { clientId, clientSecret };
  }
}

/** Names come from outside: no control characters, no more than fits the badge. */
function person(method: SignInMethod, brokerUser: string, userName: string, tokenId: string): NewSignIn {
  const name = userName.replace(/\p{C}/gu, '').trim().slice(0, 80);
  return { method, brokerUser, name: name === '' ? brokerUser : name, tokenId };
}
