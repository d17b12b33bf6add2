import { Body, Controller, Get, HttpCode, Inject, Logger, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CONFIG, type Config } from '../config/config.js';
import { ApiError } from '../http/api-error.js';
import { ClientAddress, limitKey } from '../http/client-address.js';
import type { LoginAnswer, SessionInfo, SignInError } from '../protocol/index.js';
import { BrokerError } from '../upstox/errors.js';
import {
  callbackQuery,
  callbackState,
  loginBody,
  parseBody,
  passphraseBody,
  tokenBody,
} from './auth-input.js';
import { OAUTH_STATE_LIFE_MS } from './oauth-state.store.js';
import { newSecretId } from './random-id.js';
import { endedSessionCookie, oauthCookie, oauthIdOf, sessionCookie } from './session-cookie.js';
import { type NewSignIn, SessionService } from './session.service.js';
import { SignInLimiter } from './sign-in-limiter.js';
import type { SignIn } from './sign-in.js';
import { SignInService } from './sign-in.service.js';
import { TokenPool } from './token-pool.js';
import { ViewerAccess } from './viewer-access.js';

/** Sign-in, sign-out and the session, over HTTP. */
@Controller()
export class AuthController {
  private readonly logger = new Logger('Auth');
  private readonly clients: ClientAddress;

  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionService,
    private readonly tokens: TokenPool,
    private readonly viewers: ViewerAccess,
    private readonly limiter: SignInLimiter,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.clients = new ClientAddress(config.http.trustedProxy);
  }

  @Get('api/auth/session')
  async session(@Req() request: Request): Promise<SessionInfo> {
    return this.info(await this.sessions.find(request.headers));
  }

  @Post('api/auth/login')
  @HttpCode(200)
  async login(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LoginAnswer> {
    this.limiter.attempt(this.addressOf(request));
    const typed = parseBody(loginBody, body, 'Enter the API key and the API secret of your Upstox app.');
    this.refuseForeignHost(request);
    const browserId = oauthIdOf(request.headers, this.config) ?? newSecretId();
    const credentials = 'apiKey' in typed ? { clientId: typed.apiKey, clientSecret: typed.apiSecret } : null;
    const redirectUrl = await this.signIns.beginOAuth(credentials, browserId);
    response.append(
      'Set-Cookie',
      oauthCookie(browserId, request.headers.host, this.config, OAUTH_STATE_LIFE_MS),
    );
    return { redirectUrl };
  }

  /** The broker sends the browser here. The answer is always a redirect to our own page, with a fixed code at most. */
  @Get('callback')
  async callback(@Query() query: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    response.setHeader('Cache-Control', 'no-store');
    const outcome = await this.finish(query, request).catch((error: unknown) => this.errorCode(error));
    if (typeof outcome === 'string') return response.redirect(302, `/?error=${outcome}`);
    await this.open(outcome, request, response);
    response.redirect(302, '/');
  }

  @Post('api/auth/token')
  @HttpCode(200)
  async token(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionInfo> {
    this.limiter.attempt(this.addressOf(request));
    const { accessToken } = parseBody(tokenBody, body, 'Paste the access token as one line, without blanks.');
    const newcomer = await this.signIns.withToken(accessToken);
    return this.info(await this.open(newcomer, request, response));
  }

  /** The owner's passphrase, for people who may look without an account at the broker. */
  @Post('api/auth/passphrase')
  @HttpCode(200)
  async passphrase(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionInfo> {
    this.limiter.attempt(this.addressOf(request));
    const { passphrase } = parseBody(passphraseBody, body, 'Enter the passphrase.');
    const viewer = await this.viewers.enter(passphrase, this.addressOf(request));
    return this.info(await this.open(viewer, request, response));
  }

  @Post('api/auth/logout')
  @HttpCode(200)
  async logout(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionInfo> {
    const signIn = await this.sessions.find(request.headers);
    if (signIn) await this.signIns.signOut(signIn);
    response.append('Set-Cookie', endedSessionCookie(request.headers.host, this.config));
    return this.info(null);
  }

  private async finish(query: unknown, request: Request): Promise<NewSignIn | SignInError> {
    this.limiter.attempt(this.addressOf(request));
    const denied = typeof query === 'object' && query !== null && 'error' in query;
    const answer = callbackQuery.safeParse(query);
    if (denied || !answer.success) {
      const begun = callbackState.safeParse(query);
      if (begun.success) await this.signIns.abandonOAuth(begun.data.state);
      return denied ? 'denied' : 'state';
    }
    const browserId = oauthIdOf(request.headers, this.config);
    return (await this.signIns.finishOAuth(answer.data.code, answer.data.state, browserId)) ?? 'state';
  }

  private errorCode(error: unknown): SignInError {
    if (error instanceof ApiError && error.code === 'too-many-requests') return 'too-many-requests';
    if (error instanceof BrokerError) {
      this.logger.warn(`sign-in with the broker failed (${error.kind}): ${error.message}`);
      return error.kind === 'refused' || error.kind === 'token-dead' ? 'refused' : 'unreachable';
    }
    this.logger.error(`sign-in with the broker failed: ${error instanceof Error ? error.stack : 'unknown'}`);
    return 'internal';
  }

  private async open(newcomer: NewSignIn, request: Request, response: Response): Promise<SignIn> {
    const { id, signIn } = await this.signIns.open(newcomer, request.headers);
    response.append('Set-Cookie', sessionCookie(id, request.headers.host, this.config));
    return signIn;
  }

  /** The broker sends the browser to the redirect URI; begun under another name, its cookie would be missing there. */
  private refuseForeignHost(request: Request): void {
    const { hostname, origin } = new URL(this.config.upstox.redirectUri);
    if (request.hostname === hostname) return;
    throw new ApiError(400, 'bad-request', `Open the tracker at ${origin} to sign in with Upstox.`);
  }

  /** What sign-in limits are counted by. */
  private addressOf(request: Request): string {
    return limitKey(this.clients.of(request));
  }

  private info(signIn: SignIn | null): SessionInfo {
    return {
      signedIn: signIn !== null,
      method: signIn?.method ?? null,
      name: signIn?.name ?? null,
      tokenExpiresAt: signIn && this.tokens.expiresAt(signIn.tokenId),
      simulated: this.config.upstox.simulated,
      redirectUri: this.config.upstox.redirectUri,
      viewerPassphrase: this.viewers.offered,
    };
  }
}
