import { createHash, randomBytes } from 'node:crypto';
import { nextTokenExpiry } from './ist.js';
import { Refusal } from './refusal.js';

/** The token that needs no sign-in. */
export const DEMO_TOKEN = 'demo';

export interface SimulatedUser {
  userId: string;
  userName: string;
  email: string;
}

const DEMO_USER: SimulatedUser = {
  userId: 'DEMO01',
  userName: 'Demo Trader',
  email: 'demo@simulator.invalid',
};

interface Grant {
  clientId: string;
  redirectUri: string;
}

export interface TokenRequest {
  code: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  grantType: string;
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Any API key and secret is good; every API key is a user of its own, so that limits per user can be seen. */
function userOf(clientId: string): SimulatedUser {
  const id = createHash('sha256').update(clientId).digest('hex').slice(0, 6).toUpperCase();
  return { userId: `SIM${id}`, userName: `Simulated Trader ${id}`, email: `${id}@simulator.invalid` };
}

/** Sign-in codes and access tokens, with the broker's lifetime: until the next 03:30 IST. */
export class TokenBook {
  private readonly codes = new Map<string, Grant>();
  private readonly tokens = new Map<string, { user: SimulatedUser; expires: number }>();

  constructor(private readonly now: () => number) {}

  /** A code for the redirect back to the app. */
  issueCode(clientId: string, redirectUri: string): string {
    const code = randomBytes(6).toString('base64url');
    this.codes.set(code, { clientId, redirectUri });
    return code;
  }

  /**
   * Exchanges a code, which is used up even when the exchange fails.
   * @throws Refusal UDAPI100069, 100038, 100057, 100070.
   */
  exchange(request: TokenRequest): { user: SimulatedUser; accessToken: string } {
    const grant = this.codes.get(request.code);
    this.codes.delete(request.code);
    if (!request.clientId || !request.clientSecret) throw new Refusal('UDAPI100069');
    if (request.grantType !== 'authorization_code') throw new Refusal('UDAPI100038');
    if (!grant) throw new Refusal('UDAPI100057');
    if (grant.clientId !== request.clientId) throw new Refusal('UDAPI100069');
    if (grant.redirectUri !== request.redirectUri) throw new Refusal('UDAPI100070');
    const user = userOf(request.clientId);
    return { user, accessToken: this.issueToken(user) };
  }

  /** A token in the shape of the broker's: a JWT whose claims can be read. Its signature is noise. */
  private issueToken(user: SimulatedUser): string {
    const now = this.now();
    const expires = nextTokenExpiry(now);
    const claims = {
      ...{ sub: user.userId, jti: randomBytes(8).toString('hex'), isMultiClient: false, isPlusPlan: false },
      ...{ iat: Math.floor(now / 1000), exp: expires / 1000, iss: 'udapi-gateway-service' },
    };
    const signature = randomBytes(32).toString('base64url');
    const token = `${base64({ typ: 'JWT', alg: 'HS256' })}.${base64(claims)}.${signature}`;
    this.tokens.set(token, { user, expires });
    return token;
  }

  /** The user of a token; null when it is unknown, signed out or expired. */
  userOf(token: string): SimulatedUser | null {
    if (token === DEMO_TOKEN) return DEMO_USER;
    const known = this.tokens.get(token);
    return known && this.now() < known.expires ? known.user : null;
  }

  /** Signs a token out. The demo token stays good: others are using it. */
  revoke(token: string): void {
    this.tokens.delete(token);
  }
}
