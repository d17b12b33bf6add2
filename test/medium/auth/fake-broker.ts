import {
  Broker,
  type BrokerProfile,
  type BrokerToken,
  type OAuthExchange,
  type OAuthGrant,
} from '../../../server/upstox/broker.js';
import { BrokerError } from '../../../server/upstox/errors.js';

type Answer<T> = T | BrokerError;

function give<T>(answer: Answer<T>): Promise<T> {
  return answer instanceof BrokerError ? Promise.reject(answer) : Promise.resolve(answer);
}

/** Answers what a test tells it to, and remembers what it was asked. */
export class FakeBroker extends Broker {
  /** By access token; a token that is not here is dead. */
  profiles = new Map<string, Answer<BrokerProfile>>([['demo', { userId: 'DEMO', userName: 'Demo' }]]);
  statuses = new Map<string, Answer<string>>();
  /** By code; each works once. */
  grants = new Map<string, Answer<OAuthGrant>>();
  exchanges: OAuthExchange[] = [];
  loggedOut: string[] = [];

  override profile(token: BrokerToken): Promise<BrokerProfile> {
    return give(
      this.profiles.get(token.accessToken) ?? new BrokerError('token-dead', 'The sign-in is over.'),
    );
  }

  override marketStatus(token: BrokerToken): Promise<string> {
    return give(
      this.statuses.get(token.accessToken) ?? new BrokerError('token-dead', 'The sign-in is over.'),
    );
  }

  override loginUrl(clientId: string, redirectUri: string, state: string): string {
    const query = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, state });
    return `https://broker.example/dialog?${query.toString()}`;
  }

  override exchangeCode(exchange: OAuthExchange): Promise<OAuthGrant> {
    this.exchanges.push(exchange);
    const grant = this.grants.get(exchange.code);
    this.grants.delete(exchange.code);
    return give(grant ?? new BrokerError('refused', 'The code is not valid.', 'UDAPI100057', 400));
  }

  override logout(token: BrokerToken): Promise<void> {
    this.loggedOut.push(token.accessToken);
    return Promise.resolve();
  }

  override optionChain(): never {
    throw new Error('sign-in does not ask for chains');
  }
  override quotes(): never {
    throw new Error('sign-in does not ask for quotes');
  }
  override intradayCandles(): never {
    throw new Error('sign-in does not ask for candles');
  }
  override historicalCandles(): never {
    throw new Error('sign-in does not ask for candles');
  }
  override timings(): never {
    throw new Error('sign-in does not ask for timings');
  }
  override holidays(): never {
    throw new Error('sign-in does not ask for holidays');
  }
  override instrumentMaster(): never {
    throw new Error('sign-in does not ask for instruments');
  }
  override budget(): number {
    return 1000;
  }
}
