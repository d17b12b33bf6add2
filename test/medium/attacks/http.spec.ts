import { gzipSync } from 'node:zlib';
import {
  type Answer,
  BURIED,
  cookieOf,
  errorCode,
  expectPoliteError,
  type Fort,
  json,
  openFort,
} from './fort.js';
import { type Route, routesOf } from './routes.js';
import { rowsOfTables, SQL_CORPUS } from './sql-corpus.js';

let fort: Fort;
let cookie: string;
let routes: Route[];
beforeAll(async () => {
  fort = await openFort({ env: { VIEWER_PASSPHRASE: 'not to be guessed', MARKET_SWEEP: 'off' } });
  await fort.ready();
  cookie = await fort.signIn();
  routes = routesOf(fort.app);
});
afterAll(() => fort.close());
afterEach(async () => expect(await fort.alive()).toBe(true));
// Sign-ins are limited per minute.
beforeEach(() => fort.clock.advance(60_000));

const CHANGING = ['POST', 'PUT', 'PATCH', 'DELETE'];
const changing = (): Route[] => routes.filter(({ method }) => CHANGING.includes(method));
const signedIn = async (): Promise<boolean> =>
  json(await fort.ask('/api/auth/session', { cookie })).signedIn === true;

describe('S05 CSRF', () => {
  it('should know every route that changes something', () => {
    expect(changing().map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        'POST /api/auth/login',
        'POST /api/auth/logout',
        'POST /api/auth/passphrase',
        'POST /api/auth/token',
      ]),
    );
  });

  it('should reach none of them from another site, whatever the method is', async () => {
    const strange = [
      ...['https://evil.example', 'null', `http://127.0.0.1:${fort.port + 1}`],
      ...[`http://127.0.0.1:${fort.port}.evil.example`, `http://evil@127.0.0.1:${fort.port}`, ''],
    ];
    for (const { path } of routes)
      for (const method of CHANGING)
        for (const headers of [
          ...strange.map((origin) => ({ origin })),
          { 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'same-site' },
          { origin: fort.url, 'sec-fetch-site': 'cross-site' },
        ] as Record<string, string>[]) {
          const answer = await fort.ask(path, { method, headers, cookie, body: {} });
          expect([path, method, headers, answer.status]).toEqual([path, method, headers, 403]);
        }
    expect(await signedIn()).toBe(true);
  });

  it('should reach none of them by a form, which a page may send to any site', async () => {
    const types = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'];
    for (const { path, method } of changing())
      for (const type of [...types, 'application/csp-report', 'text/json', '']) {
        const how = { method, raw: 'accessToken=demo', headers: { 'content-type': type }, cookie };
        expect([path, (await fort.ask(path, how)).status]).toEqual([path, 415]);
      }
    expect(await signedIn()).toBe(true);
  });

  it('should not change anything by reading, nor by a method in a header', async () => {
    const over = { 'x-http-method-override': 'POST', 'x-method-override': 'DELETE' };
    for (const { path } of routes) {
      await fort.ask(path, { cookie, headers: { origin: 'https://evil.example', ...over } });
      await fort.ask(path, { method: 'HEAD', cookie });
    }
    expect(await signedIn()).toBe(true);
  });

  it('should give no other site leave to read an answer (CORS)', async () => {
    for (const { path } of routes)
      for (const method of ['OPTIONS', 'GET']) {
        const preflight = { 'access-control-request-method': 'POST' };
        const headers = { origin: 'https://evil.example', ...(method === 'OPTIONS' ? preflight : {}) };
        const answer = await fort.ask(path, { method, cookie, headers });
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
  });
});

describe('S02 no session', () => {
  const OPEN = ['/health/live', '/health/ready', '/metrics', '/api/auth/session', '/callback', '/'];

  it('should get nothing but health, the page and the way in', async () => {
    const strangers = [
      undefined,
      '',
      'oi_session=',
      `oi_session=${'A'.repeat(43)}`,
      "oi_session=' OR 1=1 --",
    ];
    for (const { path } of routes.filter(({ method }) => method === 'GET'))
      for (const stranger of strangers) {
        const answer = await fort.ask(path, stranger === undefined ? {} : { cookie: stranger });
        if (OPEN.includes(path)) expect(answer.status).toBeLessThan(400);
        else expect([path, answer.status, errorCode(answer)]).toEqual([path, 401, 'sign-in-needed']);
      }
  });

  it('should not be replaced by a session in the address, a header or a second cookie', async () => {
    const id = cookie.split('=')[1]!;
    for (const [path, headers] of [
      [`/api/underlyings?oi_session=${id}`, {}],
      ['/api/underlyings', { authorization: `Bearer ${id}` }],
      ['/api/underlyings', { cookie: `x=1; OI_SESSION=${id}` }],
      ['/api/underlyings', { cookie: `oi_session="${id}x"` }],
    ] as const)
      expect((await fort.ask(path, { headers })).status).toBe(401);
  });
});

describe('DNS rebinding', () => {
  it('should be refused on every route and on the page', async () => {
    const hosts = [
      'evil.example',
      `evil.example:${fort.port}`,
      '127.0.0.1.nip.io',
      'localhost.evil.example',
      '[::2]',
    ];
    for (const { path, method } of [
      ...routes,
      { path: '/', method: 'GET' },
      { path: '/assets/app.js', method: 'GET' },
    ])
      for (const host of hosts) {
        const answer = await fort.ask(path, { method, cookie, headers: { host } });
        expect([path, host, errorCode(answer)]).toEqual([path, host, 'forbidden']);
      }
  });

  it('should not be got round by other headers that name a host', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': '127.0.0.1', forwarded: 'host=127.0.0.1' };
    expect(errorCode(await fort.ask('/api/auth/session', { headers }))).toBe('forbidden');
  });

  it('should be refused without a host, with two, and with one in the request line', async () => {
    const own = `127.0.0.1:${fort.port}`;
    for (const head of [
      'GET /api/auth/session HTTP/1.0\r\n\r\n',
      `GET /api/auth/session HTTP/1.1\r\nHost: evil.example\r\nHost: ${own}\r\nConnection: close\r\n\r\n`,
      'GET /api/auth/session HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n',
      'GET http://evil.example/api/auth/session HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    ])
      expect(await fort.tcp((socket) => socket.write(head))).toMatch(/^HTTP\/1.1 (400|403) /);
  });
});

describe('S13, S14 brute force', () => {
  it('should check 100 of 10,000 passphrases at most, from 100 addresses', async () => {
    const addresses = Array.from({ length: 100 }, (_, i) => `127.0.7.${i + 1}`);
    const statuses = await Promise.all(addresses.map((from) => guesses(100, from)));
    const counts = new Map<string, number>();
    for (const status of statuses.flat()) counts.set(status, (counts.get(status) ?? 0) + 1);
    // 401 = checked and wrong; 429 = not looked at.
    expect([...counts.keys()].sort()).toEqual(['401', '429']);
    expect(counts.get('401')! + counts.get('429')!).toBe(10_000);
    expect(counts.get('401')).toBeLessThanOrEqual(100);
  });

  it('should not be fooled by addresses in headers', async () => {
    const attempt = (i: number): Promise<Answer> =>
      fort.ask('/api/auth/token', {
        ...{ method: 'POST', from: '127.0.8.1', body: { accessToken: 'guess' } },
        headers: {
          ...{ 'x-forwarded-for': `10.0.0.${i}`, 'x-real-ip': `10.0.0.${i}`, forwarded: `for=10.0.0.${i}` },
          ...{ 'x-client-ip': `10.0.0.${i}`, 'cf-connecting-ip': `10.0.0.${i}`, via: `10.0.0.${i}` },
        },
      });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => attempt(i)));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    const other = await fort.ask('/api/auth/token', {
      ...{ method: 'POST', from: '127.0.8.2', body: { accessToken: 'demo' } },
    });
    expect(other.status).toBe(200);
  });

  /** Many guesses over one connection, one after the other. @returns their statuses */
  async function guesses(count: number, from: string): Promise<string[]> {
    const body = JSON.stringify({ passphrase: 'a wrong guess' });
    const one = (last: boolean): string =>
      `POST /api/auth/passphrase HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\nConnection: ${last ? 'close' : 'keep-alive'}\r\n\r\n${body}`;
    const text = await fort.tcp(
      (socket) => void socket.write(Array.from({ length: count }, (_, i) => one(i === count - 1)).join('')),
      from,
    );
    return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]!);
  }
});

describe('S04, S03 session fixation', () => {
  it('should make nothing of an id that was planted in the browser', async () => {
    const planted = `oi_session=${'p'.repeat(43)}`;
    const answer = await fort.ask('/api/auth/token', {
      ...{ method: 'POST', body: { accessToken: 'demo' }, cookie: planted },
    });
    expect(cookieOf(answer)).not.toContain('pppp');
    expect((await fort.ask('/api/underlyings', { cookie: planted })).status).toBe(401);
    expect((await fort.ask('/api/underlyings', { cookie: cookieOf(answer) })).status).toBe(200);
  });
});

describe('S19 bodies', () => {
  const big = JSON.stringify({ accessToken: 'x'.repeat(40_000) });

  it('should be refused above 16 kB on every route', async () => {
    for (const { path, method } of changing())
      expect([path, errorCode(await fort.ask(path, { method, raw: big }))]).toEqual([
        path,
        'payload-too-large',
      ]);
  });

  it('should be refused when 16 kB are wrapped in less (zip bomb)', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20), { level: 9 });
    for (const { path, method } of changing())
      for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip', '']) {
        const how = { method, raw: bomb.subarray(0, 16_000), headers: { 'content-encoding': encoding } };
        expect((await fort.ask(path, how)).status).toBeGreaterThanOrEqual(400);
      }
  });

  it('should be refused in chunks that add up to more', async () => {
    const text = await fort.tcp((socket) => {
      socket.write(
        `POST /api/auth/token HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\nContent-Type: application/json\r\n` +
          'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
      );
      for (let i = 0; i < 200; i++) socket.write(`400\r\n${' '.repeat(1024)}\r\n`);
      socket.write('0\r\n\r\n');
    });
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe('S18 prototype pollution', () => {
  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"__proto__":{"accessToken":"demo"}}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
    '{"accessToken":"demo","__proto__":{"isAdmin":true}}',
    '{"passphrase":"not to be guessed","toString":1}',
    '{"accessToken":{"toString":"x"}}',
    '{"accessToken":["demo"]}',
    '[]',
    '"demo"',
    'true',
    '[["accessToken","demo"]]',
    `${'['.repeat(8_000)}`,
    `${'{"a":'.repeat(2_500)}1${'}'.repeat(2_500)}`,
  ])('should reach nothing: %#', async (raw) => {
    for (const { path, method } of changing()) {
      const answer = await fort.ask(path, { method, raw });
      // Signing out needs no body, so it ignores one.
      if (path !== '/api/auth/logout') {
        expect([path, answer.status]).toEqual([path, 400]);
        expectPoliteError(answer);
      }
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('should not come by the query string', async () => {
    const query = '__proto__[isAdmin]=1&constructor[prototype][isAdmin]=1&at[__proto__][x]=1&window[]=3';
    for (const { path } of routes.filter(({ method }) => method === 'GET'))
      await fort.ask(`${path}?${query}`, { cookie });
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('header injection, response splitting and smuggling', () => {
  const CRLF = '%0d%0aSet-Cookie:%20planted=1%0d%0aX-Planted:%20yes%0d%0a%0d%0a<script>';

  it('should not come by a path, a query or the way back from the broker', async () => {
    for (const path of [
      `/${CRLF}`,
      `/assets${CRLF}`,
      `/callback?error=${CRLF}`,
      `/callback?code=${CRLF}&state=${CRLF}`,
      `/api/underlyings/${CRLF}/expiries`,
      `/api/chains/${CRLF}/2026-08-18/table.csv`,
      `/api/quality?date=${CRLF}`,
    ]) {
      const answer = await fort.ask(path, { cookie });
      expect(answer.headers['x-planted']).toBeUndefined();
      expect(JSON.stringify(answer.headers)).not.toContain('planted');
      expect(answer.text).not.toContain('<script>');
    }
  });

  it.each([
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 40\r\n\r\n{}{}'],
    ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an obfuscated coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'X-A: b\r\n c: d\r\nContent-Length: 2\r\n\r\n{}'],
    ['a bare line feed', 'X-A: b\nX-C: d\r\nContent-Length: -2\r\n\r\n{}'],
    ['a header with a NUL', 'X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}'],
    ['a length that is none', 'Content-Length: 2e1\r\n\r\n{}'],
    ['2,500 headers', `${Array.from({ length: 2_500 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`],
    ['a header of 64 kB', `X-A: ${'a'.repeat(65_536)}\r\n\r\n`],
  ])('should be refused: %s', async (_what, rest) => {
    const text = await fort.tcp((socket) =>
      socket.write(
        `POST /api/auth/logout HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\nConnection: close\r\n${rest}`,
      ),
    );
    expect(text).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(text.match(/HTTP\/1.1/g)).toHaveLength(1);
  });
});

describe('S27 path traversal', () => {
  const up = [
    '..',
    '%2e%2e',
    '%2e.',
    '..%2f',
    '..%5c',
    '..\\',
    '%252e%252e',
    '%c0%ae%c0%ae',
    '....//',
    '..;',
  ];
  const files = ['secret.txt', 'tracker.db', 'data/tracker.db', 'data/tracker.key', 'data/tracker.db-wal'];

  it('should serve no file outside of the client, no dotfile and no folder', async () => {
    const paths = [
      ...files.flatMap((file) =>
        up.flatMap((dots) => [`/${dots}/${file}`, `/assets/${dots}/${dots}/${file}`]),
      ),
      ...['/.env', '/.git/config', '/%2eenv', '/assets/../.env', '/assets/%2e%2e/.git/config', '/./.env'],
      ...['/assets', '/assets/', '/.', '/..', '//', '///etc/passwd', `//${'etc/passwd'}`, '/assets/app.js/'],
      ...['/assets/app.js%00.txt', '/tracker.db%00', '/secret.txt::$DATA', `/${fort.dir}/secret.txt`],
      `/file:${fort.dir}/secret.txt`,
    ];
    for (const path of paths) {
      const answer = await fort.ask(path, { cookie });
      expect([path, answer.text.includes(BURIED) || answer.text.includes('SQLite format')]).toEqual([
        path,
        false,
      ]);
      expect([path, [301, 404, 400].includes(answer.status)]).toEqual([path, true]);
      if (answer.status === 301) expect(answer.headers.location).toMatch(/^\/[^/\\]/);
    }
  });

  it('should never redirect to another site (open redirect)', async () => {
    const paths = [
      '//evil.example/%2f..',
      '//evil.example/assets',
      '/%5cevil.example/assets/..',
      '//evil.example',
    ];
    const ways = [
      '/callback?next=https://evil.example',
      '/?next=//evil.example',
      '/callback?error=//evil.example',
    ];
    for (const path of [...paths, ...ways, '//assets', '/%2f%2fevil.example']) {
      const { location } = (await fort.ask(path)).headers;
      if (location !== undefined) expect(location).toMatch(/^\/(?![/\\])/);
    }
  });
});

describe('S26 SQL injection', () => {
  it('should find nothing and change nothing, by key, expiry, at, window and date', async () => {
    const before = await rowsOfTables(fort);
    for (const words of SQL_CORPUS) {
      const text = encodeURIComponent(words);
      const chain = `/api/chains/${encodeURIComponent('NSE_INDEX|Nifty 50')}`;
      for (const path of [
        `/api/underlyings/${text}/expiries`,
        `/api/chains/${text}/2026-08-18/table`,
        `${chain}/${text}/table`,
        `${chain}/2026-08-18/table?at=${text}`,
        `${chain}/2026-08-18/table?window=${text}`,
        `${chain}/2026-08-18/table?window=3&at=${text}`,
        `${chain}/2026-08-18/table.csv?at=${text}`,
        `/api/quality?date=${text}`,
      ]) {
        const answer = await fort.ask(path, { cookie });
        expect([path, [400, 404].includes(answer.status)]).toEqual([path, true]);
        expectPoliteError(answer);
      }
    }
    expect(await rowsOfTables(fort)).toEqual(before);
  });
});

describe('S16, S29 every answer', () => {
  const CSP =
    "default-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'";

  it('should carry the policy where it is HTML, and never allow inline scripts', async () => {
    for (const path of ['/', '/index.html', '/?error=state']) {
      const { headers } = await fort.ask(path);
      expect(headers['content-type']).toMatch(/^text\/html/);
      expect(headers['content-security-policy']).toBe(CSP);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    }
    const redirect = await fort.ask('/assets');
    expect(redirect.headers['content-security-policy']).not.toMatch(/unsafe/);
  });

  it('should say its type, never be stored behind a sign-in, and name no software', async () => {
    for (const { path, method } of routes) {
      const { headers } = await fort.ask(path, {
        method,
        cookie,
        ...(method === 'POST' ? { body: {} } : {}),
      });
      expect([path, headers['x-powered-by'], headers.server]).toEqual([path, undefined, undefined]);
      if (path.startsWith('/api/')) expect([path, headers['cache-control']]).toEqual([path, 'no-store']);
      expect(headers['content-type'] ?? 'none').toMatch(/charset=utf-8|^none$/i);
    }
    cookie = await fort.signIn();
  });

  it('should be a polite error in JSON where a file was asked for and there is none', async () => {
    const path = `/api/chains/${encodeURIComponent('NSE_INDEX|Nifty 50')}/2026-08-18/table.csv`;
    for (const [bad, who] of [
      [`${path}?at=never`, cookie],
      [path.replace('2026-08-18', '2020-01-01'), cookie],
      [path, 'oi_session=none'],
    ] as const) {
      const answer = await fort.ask(bad, { cookie: who });
      expectPoliteError(answer);
      expect(answer.headers['content-disposition']).toBeUndefined();
    }
  });

  it('should quote nothing of the request', async () => {
    const word = 'quoted<img src=x onerror=alert(1)>';
    for (const path of [
      `/api/underlyings/${encodeURIComponent(word)}/expiries`,
      `/api/chains/${encodeURIComponent(word)}/2026-08-18/table`,
      `/api/quality?date=${encodeURIComponent(word)}`,
      `/${encodeURIComponent(word)}`,
    ])
      expect((await fort.ask(path, { cookie })).text).not.toContain('quoted');
  });
});

describe('ReDoS', () => {
  it('should serve others while inputs of 16 kB that are made for slow patterns are answered', async () => {
    const pumps = ['a', 'A|', '-', '.', '1', '2026-', '%20', '[', '::', '=', ';', 'eyJ', '?', "'", '\t', ','];
    const inputs = pumps.map((pump) => pump.repeat(12_000 / pump.length));
    const attacks = inputs.flatMap((input) => {
      const text = encodeURIComponent(input).slice(0, 12_000).replace(/%.?$/, '');
      return [
        fort.ask(`/api/underlyings/${text}/expiries`, { cookie }),
        fort.ask(`/api/chains/${text}/${text.slice(0, 300)}/table`, { cookie }),
        fort.ask(`/api/chains/x/2026-08-18/table?at=${text}`, { cookie }),
        fort.ask(`/api/quality?date=${text}`, { cookie }),
        fort.ask('/api/auth/session', { cookie: `oi_session=${input}` }),
        fort.ask('/api/auth/session', { headers: { host: input.replaceAll(/[^\x20-\x7e]/g, 'a') } }),
        fort.ask('/api/auth/logout', {
          method: 'POST',
          headers: { origin: `http://${input.replaceAll('\t', 'a')}` },
        }),
        fort.ask('/api/auth/token', { method: 'POST', body: { accessToken: input } }),
        fort.ask(`/callback?code=${text.slice(0, 6_000)}&state=${text.slice(0, 6_000)}`),
      ];
    });
    expect(await fort.alive()).toBe(true);
    for (const answer of await Promise.all(attacks)) expect(answer.status).toBeLessThan(500);
  });
});
