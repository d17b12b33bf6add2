import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { UpstoxModule } from '../upstox/upstox.module.js';
import { AuthController } from './auth.controller.js';
import { BrokerTokenStore } from './broker-token.store.js';
import { GuessLimiter } from './guess-limiter.js';
import { KnownSessions } from './known-sessions.js';
import { OAuthStateStore } from './oauth-state.store.js';
import { SessionEvents } from './session-events.js';
import { ApiAllowance, SessionGuard } from './session.guard.js';
import { SessionService } from './session.service.js';
import { SignInLimiter } from './sign-in-limiter.js';
import { SignInService } from './sign-in.service.js';
import { SignInStore } from './sign-in.store.js';
import { TokenCheck } from './token-check.js';
import { TokenPool } from './token-pool.js';
import { TokenVault } from './token-vault.js';
import { UnattendedTokens } from './unattended-tokens.js';
import { vaultKey } from './vault-key.js';
import { ViewerAccess } from './viewer-access.js';

/** People's sign-ins and the broker's tokens. `Clock`, CONFIG, `DataSource` and `WriteQueue` come from global modules. */
@Module({
  imports: [UpstoxModule],
  controllers: [AuthController],
  providers: [
    {
      provide: TokenVault,
      useFactory: async (config: Config) => new TokenVault(await vaultKey(config)),
      inject: [CONFIG],
    },
    ApiAllowance,
    BrokerTokenStore,
    GuessLimiter,
    KnownSessions,
    OAuthStateStore,
    SessionEvents,
    SessionGuard,
    SessionService,
    SignInLimiter,
    SignInService,
    SignInStore,
    TokenCheck,
    TokenPool,
    UnattendedTokens,
    ViewerAccess,
  ],
  exports: [
    ApiAllowance,
    KnownSessions,
    OAuthStateStore,
    SessionService,
    TokenPool,
    SessionGuard,
    SessionEvents,
    UnattendedTokens,
  ],
})
export class AuthModule {}
