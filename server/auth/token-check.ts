import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { ApiError } from '../http/api-error.js';
import { Broker, type BrokerToken } from '../upstox/broker.js';
import { BrokerError } from '../upstox/errors.js';
import { tokenClaims } from '../upstox/token-claims.js';
import type { PooledToken } from './broker-token.store.js';
import { hashOf } from './random-id.js';

export interface CheckedToken {
  readonly token: Omit<PooledToken, 'id'>;
  readonly name: string;
}

/** The simulator's own token. */
export const DEMO_TOKEN = 'demo';

/** Asks the broker whether a pasted token is good, before it is let in. */
@Injectable()
export class TokenCheck {
  constructor(
    private readonly broker: Broker,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws ApiError `broker-refused` for a token that is expired or that the broker does not take; BrokerError when
   * the broker cannot be asked: an unchecked token is not accepted.
   */
  async check(accessToken: string): Promise<CheckedToken> {
    const demo = this.config.upstox.simulated && accessToken === DEMO_TOKEN;
    const claims = tokenClaims(accessToken);
    const { expiresAt } = claims;
    if (expiresAt !== null && expiresAt <= this.clock.now())
      throw new ApiError(401, 'broker-refused', 'This access token has expired. Make a new one at Upstox.');
    const userId = claims.userId ?? `token-${hashOf(accessToken).slice(0, 12)}`;
    const person = await this.whose({ accessToken, userId });
    const token = { userId: person.userId, method: demo ? 'demo' : 'token', accessToken, expiresAt } as const;
    return { token, name: demo ? 'Demo market' : person.userName };
  }

  /**
   * An Analytics Token may read the market from anywhere, the profile only from a registered static IP. So the market
   * has the last word on a token whose profile is refused.
   */
  private async whose(token: BrokerToken): Promise<{ userId: string; userName: string }> {
    try {
      return await this.broker.profile(token);
    } catch (error) {
      if (!isNo(error)) throw error;
    }
    try {
      await this.broker.marketStatus(token, 'NSE');
    } catch (error) {
      if (!isNo(error)) throw error;
      throw new ApiError(
        401,
        'broker-refused',
        'Upstox did not accept this access token. Copy it again in full.',
      );
    }
    return { userId: token.userId, userName: token.userId };
  }
}

function isNo(error: unknown): boolean {
  return error instanceof BrokerError && (error.kind === 'token-dead' || error.kind === 'refused');
}
