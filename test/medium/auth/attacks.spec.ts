import { errorCode, type House, json, openHouse } from './house.js';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());
beforeEach(() => house.clock.advance(60_000));

const PATHS = ['/api/auth/login', '/api/auth/token', '/api/auth/logout'];
const own = () => `http://127.0.0.1:${house.port}`;

describe('S05 CSRF', () => {
  it.each(PATHS)('should not reach %s from a page of another origin', async (path) => {
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:${house.port + 1}`,
      'http://localhost:5000',
    ]) {
      const answer = await house.post(path, { body: {}, headers: { origin } });
      expect([answer.status, errorCode(answer)]).toEqual([403, 'forbidden']);
    }
  });

  it.each(['cross-site', 'same-site'])(
    'should not come from a page that the browser calls %s',
    async (site) => {
      const answer = await house.post('/api/auth/logout', { headers: { 'sec-fetch-site': site } });
      expect(errorCode(answer)).toBe('forbidden');
    },
  );

  it('should not come as a form', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await house.post('/api/auth/token', {
        raw: 'accessToken=demo',
        headers: { 'content-type': type },
      });
      expect([answer.status, errorCode(answer)]).toEqual([415, 'bad-request']);
    }
  });

  it('should let our own page through', async () => {
    const headers = { origin: own(), 'sec-fetch-site': 'same-origin' };
    expect((await house.post('/api/auth/logout', { headers })).status).toBe(200);
  });
});

describe('DNS rebinding', () => {
  it.each(['evil.example', 'evil.example:5000', '127.0.0.1.evil.example', '192.168.1.9:5000', 'a@127.0.0.1'])(
    'should not be answered as %s, on any path',
    async (host) => {
      for (const path of ['/api/auth/session', '/callback?code=x&state=y', '/', '/health/live'])
        expect(errorCode(await house.get(path, { headers: { host } }))).toBe('forbidden');
    },
  );

  it('should be answered under loopback names', async () => {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:5000'])
      expect((await house.get('/api/auth/session', { headers: { host } })).status).toBe(200);
  });
});

describe('S18, S19 bodies', () => {
  it('should be refused above 16 kB, before they are read', async () => {
    const answer = await house.post('/api/auth/token', { body: { accessToken: 'x'.repeat(17_000) } });
    expect([answer.status, errorCode(answer)]).toEqual([413, 'payload-too-large']);
  });

  it.each([
    '{"__proto__": {"isAdmin": true}, "accessToken": "x"}',
    '{"constructor": {"prototype": {"isAdmin": true}}, "accessToken": "x"}',
    '{"accessToken": {"__proto__": {"isAdmin": true}}}',
    '{"accessToken": ["demo"]}',
    '["demo"]',
    '"demo"',
    'null',
    '{"accessToken": "x"',
    '',
    '\u0000',
    '{'.repeat(8000),
  ])('should be refused in another form: %j', async (raw) => {
    const answer = await house.post('/api/auth/token', { raw });
    expect([answer.status, errorCode(answer)]).toEqual([400, 'bad-request']);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('should not be quoted in the answer', async () => {
    const answer = await house.post('/api/auth/token', { raw: '{"<script>s3cret' });
    expect(answer.text).not.toMatch(/s3cret|script/);
  });

  it('should be refused when compressed bytes do not hold', async () => {
    const answer = await house.post('/api/auth/token', { raw: 'x', headers: { 'content-encoding': 'gzip' } });
    expect([answer.status, errorCode(answer)]).toEqual([400, 'bad-request']);
  });
});

describe('S26 SQL injection', () => {
  it('should find nobody by a cookie', async () => {
    const answer = await house.get('/api/probe', { cookie: "oi_session=' OR 1=1 --" });
    expect(errorCode(answer)).toBe('sign-in-needed');
  });
});

describe('S29 errors', () => {
  it('should hide what went wrong, and log it under the id of the request', async () => {
    const answer = await house.get('/api/broken?code=s3cret');
    expect(answer.status).toBe(500);
    expect(json(answer)).toEqual({
      error: { code: 'internal', message: 'Something went wrong on the server.' },
    });
    const line = house.lines.find((text) => text.includes(String(answer.headers['x-request-id'])));
    expect(line).toContain('GET /api/broken failed');
    expect(line).toContain('secret_column');
    expect(line).not.toContain('s3cret');
  });

  it('should have one shape for unknown paths and methods, and for broken escapes', async () => {
    expect(errorCode(await house.get('/api/none'))).toBe('not-found');
    expect(errorCode(await house.post('/api/auth/session', { body: {} }))).toBe('not-found');
    expect(errorCode(await house.get('/api/%FF%'))).toMatch(/not-found|bad-request/);
  });
});

describe('S16, S29 headers', () => {
  it('should hold scripts, frames and caches at bay', async () => {
    const { headers } = await house.get('/api/auth/session');
    expect(headers['content-security-policy']).toBe(
      "default-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('should be on refusals too', async () => {
    const { headers } = await house.get('/', { headers: { host: 'evil.example' } });
    expect(headers['content-security-policy']).toContain("default-src 'self'");
  });

  it('should ask for https for good, and for Secure cookies, under a public https name', async () => {
    const proxied = await openHouse({
      UPSTOX_API_URL: 'http://127.0.0.1:9',
      UPSTOX_REDIRECT_URI: 'https://oi.example.org/callback',
    });
    try {
      const headers = { host: 'oi.example.org', origin: 'https://oi.example.org' };
      const answer = await proxied.post('/api/auth/token', { body: { accessToken: 'demo' }, headers });
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
      expect(answer.cookies[0]).toMatch(/; Secure/);
      const plain = { ...headers, origin: 'http://oi.example.org' };
      expect(errorCode(await proxied.post('/api/auth/logout', { headers: plain }))).toBe('forbidden');
    } finally {
      await proxied.close();
    }
  });
});
