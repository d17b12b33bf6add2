import { errorOfAnswer, errorOfNetwork } from '../../../server/upstox/error-mapping.js';
import { BrokerThrottled } from '../../../server/upstox/errors.js';
import { retryAfterMs } from '../../../server/upstox/retry-after.js';
import { safeText } from '../../../server/upstox/wording.js';

const body = (code: string, message = 'Said by the broker'): unknown => ({
  status: 'error',
  errors: [{ errorCode: code, message, error_code: code, propertyPath: null }],
});
const answer = (status: number, json: unknown, withToken = true) =>
  errorOfAnswer({ status, json, retryAfterMs: null, withToken, secrets: ['s3cret'] });

describe('errorOfAnswer', () => {
  it.each([
    [401, body('UDAPI100050'), 'token-dead', 'UDAPI100050'],
    [401, undefined, 'token-dead', null],
    [200, body('UDAPI100050'), 'token-dead', 'UDAPI100050'],
    [401, body('UDAPI100067'), 'refused', 'UDAPI100067'],
    [403, body('UDAPI100067'), 'refused', 'UDAPI100067'],
    [429, body('UDAPI10005'), 'throttled', 'UDAPI10005'],
    [429, undefined, 'throttled', null],
    [200, body('UDAPI10005'), 'throttled', 'UDAPI10005'],
    [500, body('UDAPI100500'), 'unreachable', 'UDAPI100500'],
    [200, body('UDAPI100500'), 'unreachable', 'UDAPI100500'],
    [502, undefined, 'unreachable', null],
    [408, undefined, 'unreachable', null],
    [403, undefined, 'unreachable', null],
    [403, body('UDAPI1149'), 'refused', 'UDAPI1149'],
    [400, body('UDAPI100011'), 'refused', 'UDAPI100011'],
    [404, undefined, 'refused', null],
    [423, body('UDAPI100072'), 'refused', 'UDAPI100072'],
    [400, { errors: [] }, 'refused', null],
    [400, { errors: ['x'] }, 'refused', null],
    [400, { errors: [{ message: 5, errorCode: { a: 1 } }] }, 'refused', null],
  ])('should make HTTP %s with %j %s', (status, json, kind, code) => {
    expect(answer(status, json)).toMatchObject({ name: 'BrokerError', kind, code, status });
  });

  it('should say that this kind of token cannot read it', () => {
    expect(answer(401, body('UDAPI100067')).message).toMatch(/kind of token is not allowed/);
  });

  it('should not call a token dead where none was sent', () => {
    expect(answer(401, body('UDAPI100069'), false)).toMatchObject({ kind: 'refused', code: 'UDAPI100069' });
  });

  it("should quote the broker's words, capped and without control characters or secrets", () => {
    const { message } = answer(400, body('UDAPI1021', `bad\u0000\u202e\nkey s3cret ${'x'.repeat(900)}`));
    expect(message).toMatch(/^The broker refused the request: "bad key … x+…" \(UDAPI1021\)$/);
    expect(message.length).toBeLessThan(230);
  });
});

describe('errorOfNetwork', () => {
  it('should name the system code and keep neither the text nor the cause', () => {
    const original = new TypeError('fetch failed: Bearer abc', {
      cause: Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }),
    });
    const error = errorOfNetwork(original, null);
    expect(error).toMatchObject({
      kind: 'unreachable',
      message: 'The broker cannot be reached (ECONNREFUSED)',
    });
    expect(error.cause).toBeUndefined();
  });

  it('should say how long it waited', () => {
    expect(errorOfNetwork(new Error('aborted'), 8_000).message).toBe(
      'The broker did not answer within 8.0 s',
    );
  });

  it('should call a damaged answer one', () => {
    const error = errorOfNetwork(Object.assign(new Error('x'), { code: 'Z_DATA_ERROR' }), null);
    expect(error.kind).toBe('bad-answer');
  });
});

describe('BrokerThrottled', () => {
  it('should carry the pause that the broker asked for', () => {
    const error = errorOfAnswer({
      status: 429,
      json: undefined,
      retryAfterMs: 7_000,
      withToken: true,
      secrets: [],
    });
    expect(error).toBeInstanceOf(BrokerThrottled);
    expect((error as BrokerThrottled).retryAfterMs).toBe(7_000);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-23T04:00:00Z');
  it.each([
    [{}, null],
    [{ 'retry-after': '30' }, 30_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': 'Mon, 23 Nov 2026 04:00:20 GMT' }, 20_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 04:00:20 GMT', date: 'Mon, 23 Nov 2026 04:00:15 GMT' }, 5_000],
    [{ 'retry-after': 'Mon, 23 Nov 2020 04:00:20 GMT' }, 0],
  ])('should read %j as %s', (headers: Record<string, string>, expected) => {
    expect(retryAfterMs(new Headers(headers), now)).toBe(expected);
  });
});

describe('safeText', () => {
  it.each([
    ['code a b&c in the URL a%20b%26c or a+b%26c', ['a b&c'], 'code … in the URL … or …'],
    ['Bearer abc.def was sent', [], '… was sent'],
    ['token eyJhbGciOi.eyJzdWIi.sig!', [], 'token …!'],
    ['GET /v2/x?client_secret=1&code=2 failed', [], 'GET /v2/x?… failed'],
    ['plain words', [''], 'plain words'],
  ])('should clean %j', (text, secrets: string[], expected) => {
    expect(safeText(text, secrets)).toBe(expected);
  });
});
