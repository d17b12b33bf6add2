import fc from 'fast-check';
import { tokenClaims } from '../../../server/upstox/token-claims.js';

const NEXT = Date.parse('2026-09-13T03:30:00+05:30');

function jwt(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe('tokenClaims', () => {
  it("should read the user and the expiry of the broker's JWT", () => {
    const token = jwt({ sub: '3RBQ6K', isPlusPlan: false, exp: 1789250400, iss: 'udapi-gateway-service' });
    expect(tokenClaims(token)).toEqual({ userId: '3RBQ6K', expiresAt: NEXT });
  });

  it('should believe a token that it has already expired', () => {
    expect(tokenClaims(jwt({ sub: 'A1', exp: 1700000000 })).expiresAt).toBe(1_700_000_000_000);
  });

  it.each([
    ['the demo token', 'demo'],
    ['nothing', ''],
    ['three parts that are no JSON', 'a.b.c'],
    ['a JWT without claims', jwt({})],
    ['a JWT whose claims are null', jwt(null)],
    ['a JWT whose claims are a list', jwt([1])],
    ['claims of other types', jwt({ sub: { a: 1 }, exp: '1789250400' })],
    ['an expiry beyond all dates', jwt({ exp: 1e300 })],
    ['a negative expiry', jwt({ exp: -5 })],
    ['a mangled expiry', jwt({ exp: '2026-09-13' })],
    ['an expiry of nothing', jwt({ exp: 0 })],
    ['a user that is markup', jwt({ sub: '<b>x</b>' })],
  ])('should know neither user nor end of %s: it lives until the broker says no', (_name, token) => {
    expect(tokenClaims(token)).toEqual({ userId: null, expiresAt: null });
  });

  it('should never throw, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((j) => `e30.${Buffer.from(j).toString('base64url')}.x`),
        ),
        (t) => {
          const { expiresAt } = tokenClaims(t);
          expect(expiresAt === null || Number.isSafeInteger(expiresAt)).toBe(true);
        },
      ),
    );
  });
});
