import fc from 'fast-check';
import { nextTokenExpiry, tokenClaims } from '../../../server/upstox/token-claims.js';

const NOW = Date.parse('2026-09-12T11:00:00+05:30');
const NEXT = Date.parse('2026-09-13T03:30:00+05:30');

function jwt(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe('tokenClaims', () => {
  it("should read the user and the expiry of the broker's JWT", () => {
    const token = jwt({ sub: '3RBQ6K', isPlusPlan: false, exp: 1789250400, iss: 'udapi-gateway-service' });
    expect(tokenClaims(token, NOW)).toEqual({ userId: '3RBQ6K', expiresAt: NEXT });
  });

  it('should believe a token that it has already expired', () => {
    expect(tokenClaims(jwt({ sub: 'A1', exp: 1700000000 }), NOW).expiresAt).toBe(1_700_000_000_000);
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
    ['a user that is markup', jwt({ sub: '<b>x</b>' })],
  ])('should know no user and expect the next 03:30 IST for %s', (_name, token) => {
    expect(tokenClaims(token, NOW)).toEqual({ userId: null, expiresAt: NEXT });
  });

  it('should never throw, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((j) => `e30.${Buffer.from(j).toString('base64url')}.x`),
        ),
        (t) => {
          const { expiresAt } = tokenClaims(t, NOW);
          expect(Number.isSafeInteger(expiresAt)).toBe(true);
        },
      ),
    );
  });
});

describe('nextTokenExpiry', () => {
  it.each([
    ['2026-09-13T02:30:00+05:30', '2026-09-13T03:30:00+05:30'],
    ['2026-09-13T03:29:59.999+05:30', '2026-09-13T03:30:00+05:30'],
    ['2026-09-13T03:30:00+05:30', '2026-09-14T03:30:00+05:30'],
    ['2026-09-13T23:59:00+05:30', '2026-09-14T03:30:00+05:30'],
  ])('should be the first 03:30 IST after %s', (now, expected) => {
    expect(nextTokenExpiry(Date.parse(now))).toBe(Date.parse(expected));
  });
});
