import fc from 'fast-check';
import { mapCandles } from '../../../server/upstox/candles-mapper.js';
import { errorOfAnswer } from '../../../server/upstox/error-mapping.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { mapQuotes } from '../../../server/upstox/quotes-mapper.js';
import { retryAfterMs } from '../../../server/upstox/retry-after.js';
import { tokenClaims } from '../../../server/upstox/token-claims.js';
import { fuzz } from '../../support/fuzz.js';

const KEYS = ['NSE_FO|1', 'NSE_FO|2', '__proto__'];

/** What a broker may put in the place of a number or a time, right values among them. */
const cell = fc.oneof(
  fc.anything(),
  fc.constantFrom(0, -0, 65, 650.5, -1, NaN, Infinity, 1e308, 2 ** 53, '65', '', null, undefined),
  fc.constantFrom('2026-08-18T10:00:00+05:30', '2026-02-30T10:00:00+05:30', '2026-08-18T10:00:00', '0'),
);

/** The refusal of a whole answer; everything else that is thrown is a fault. */
function refusalOr<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof BrokerError && error.kind === 'bad-answer') return null;
    throw error;
  }
}

const isCount = (value: number | null): boolean =>
  value === null || (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0));
const isPrice = (value: number | null): boolean =>
  value === null || (value >= 0 && value <= 1e9 && !Object.is(value, -0));

describe('answers of the broker, whatever they are', () => {
  it('should give quotes of known keys with counts and prices, or be refused', () => {
    const quote = fc.record(
      {
        instrument_token: fc.oneof(fc.constantFrom(...KEYS), fc.anything()),
        ...{ oi: cell, previous_oi: cell, last_price: cell, volume: cell, timestamp: cell },
      },
      { requiredKeys: [] },
    );
    const data = fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.oneof(quote, fc.anything())));
    fuzz(
      'broker: any quotes',
      fc.property(data, (answer) => {
        const mapped = refusalOr(() => mapQuotes(answer, KEYS));
        for (const [key, { oi, prevOi, volume, ltp }] of mapped?.quotes ?? []) {
          expect(KEYS).toContain(key);
          expect([oi, prevOi, volume].every(isCount) && isPrice(ltp)).toBe(true);
        }
      }),
    );
  });

  it('should give candles of whole minutes in order, none twice, or be refused', () => {
    const row = fc.oneof(fc.array(cell, { minLength: 5, maxLength: 8 }), fc.anything());
    const good = fc.nat(5).map((i) => [`2026-08-18T10:0${i}:00+05:30`, 1, 1, 1, 1, 65, 650]);
    const candles = fc.record({ candles: fc.array(fc.oneof(good, row), { maxLength: 8 }) });
    fuzz(
      'broker: any candles',
      fc.property(fc.oneof(candles, fc.anything()), (answer) => {
        const times = refusalOr(() => mapCandles(answer))?.candles.map(({ time, close, volume, oi }) => {
          expect([volume, oi].every(isCount) && isPrice(close) && time % 60_000 === 0).toBe(true);
          return time;
        });
        expect(times).toEqual(times && [...new Set(times)].sort((a, b) => a - b));
      }),
    );
  });

  it('should be an error that says what to do next, and never shows a secret', () => {
    const secret = 'planted-secret-1234';
    const text = fc.oneof(
      fc.string(),
      fc.string().map((around) => `${around}${secret}${around}`),
    );
    const error = fc.record(
      { errorCode: fc.oneof(text, fc.anything()), message: fc.oneof(text, fc.anything()) },
      { requiredKeys: [] },
    );
    const json = fc.oneof(fc.anything(), fc.record({ status: text, errors: fc.array(error) }));
    const status = fc.integer({ min: 100, max: 599 });
    fuzz(
      'broker: any error',
      fc.property(json, status, fc.boolean(), fc.string(), (body, code, withToken, wait) => {
        const found = errorOfAnswer({
          ...{ status: code, json: body, retryAfterMs: null, withToken, secrets: [secret] },
        });
        expect(found).toBeInstanceOf(BrokerError);
        expect(found.message.length).toBeLessThan(1_000);
        expect(`${found.message}${JSON.stringify(found)}`).not.toContain(secret);
        const headers = new Headers({ 'retry-after': encodeURIComponent(wait) });
        expect(retryAfterMs(headers, 0) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('should never fail by a token, however it is made', () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const token = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    fuzz(
      'broker: tokens',
      fc.property(token, (given) => {
        const { userId, expiresAt } = tokenClaims(given);
        expect(userId === null || typeof userId === 'string').toBe(true);
        expect(expiresAt === null || Number.isFinite(expiresAt)).toBe(true);
      }),
    );
  });
});
