import { inspect } from 'node:util';
import { ConfigError } from '../../../server/config/config-error.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { configWarnings, crossFieldProblems } from '../../../server/config/rules.js';

type Env = Record<string, string | undefined>;

const SIMULATOR = 'http://127.0.0.1:5100';

function problemsOf(env: Env): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const refusalOf = (name: string, value: string): boolean =>
  problemsOf({ [name]: value }).some((line) => line.startsWith(`${name}: must`));

describe('loadConfig', () => {
  it('should need nothing: every variable has a default', () => {
    expect(loadConfig({})).toEqual({
      http: {
        host: '127.0.0.1',
        port: 5000,
        publicOrigin: 'http://127.0.0.1:5000',
        trustedProxy: null,
        connectionsPerAddress: 500,
      },
      database: { kind: 'sqlite', file: 'data/tracker.db' },
      redisUrl: null,
      upstox: {
        apiUrl: 'https://api.upstox.com',
        loginUrl: 'https://api.upstox.com',
        assetsUrl: 'https://assets.upstox.com',
        clientId: null,
        clientSecret: null,
        redirectUri: 'http://127.0.0.1:5000/callback',
        accessToken: null,
        simulated: false,
      },
      secret: null,
      viewerPassphrase: null,
      retentionDays: 0,
      pinned: ['NIFTY', 'BANKNIFTY', 'SENSEX'],
      marketSweep: true,
      clock: { start: null, rate: 1, since: null },
    });
  });

  it('should take every variable', () => {
    const config = loadConfig({
      HOST: '0.0.0.0',
      PORT: '8080',
      DATABASE_URL: 'postgres://oi:pass@db:5432/oi',
      REDIS_URL: 'redis://cache:6379',
      UPSTOX_API_URL: `${SIMULATOR}/`,
      UPSTOX_LOGIN_URL: 'http://localhost:5100',
      UPSTOX_ASSETS_URL: SIMULATOR,
      UPSTOX_CLIENT_ID: 'key',
      UPSTOX_CLIENT_SECRET: 'secret',
      UPSTOX_REDIRECT_URI: 'https://oi.example.org/callback',
      UPSTOX_ACCESS_TOKEN: 'demo',
      TRACKER_SECRET: 'sixteen letters!',
      PINNED: ' NIFTY, M&M ,,BSE_INDEX|SENSEX',
      CLOCK_START: '2026-08-18T11:00:00+05:30',
      CLOCK_RATE: '60',
      TRUSTED_PROXY: '10.0.0.0/8, ::1',
      CONNECTIONS_PER_ADDRESS: '80',
    });
    expect(config.http).toEqual({
      host: '0.0.0.0',
      port: 8080,
      publicOrigin: 'https://oi.example.org',
      trustedProxy: { networks: ['10.0.0.0/8', '::1'] },
      connectionsPerAddress: 80,
    });
    expect(config.database).toEqual({ kind: 'postgres', url: 'postgres://oi:pass@db:5432/oi' });
    expect(config.upstox).toMatchObject({
      apiUrl: SIMULATOR,
      clientId: 'key',
      accessToken: 'demo',
      simulated: true,
    });
    expect(config.pinned).toEqual(['NIFTY', 'M&M', 'BSE_INDEX|SENSEX']);
    expect(config.clock).toEqual({ start: Date.UTC(2026, 7, 18, 5, 30), rate: 60, since: null });
  });

  it('should switch the sweep of the whole market by on and off, and nothing else', () => {
    expect(loadConfig({ MARKET_SWEEP: 'on' }).marketSweep).toBe(true);
    expect(loadConfig({ MARKET_SWEEP: 'off' }).marketSweep).toBe(false);
    expect(problemsOf({ MARKET_SWEEP: 'yes' })).toEqual(['MARKET_SWEEP: must be on or off']);
  });

  it.each([
    ['1', { hops: 1 }],
    ['127.0.0.1', { networks: ['127.0.0.1'] }],
    ['2001:db8::/32,192.0.2.0/24', { networks: ['2001:db8::/32', '192.0.2.0/24'] }],
  ])('should trust the proxies %s', (text, trusted) => {
    expect(loadConfig({ TRUSTED_PROXY: text }).http.trustedProxy).toEqual(trusted);
  });

  it.each([
    '0',
    '10',
    '-1',
    'nginx',
    'true',
    '*',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0/8',
    '1,2',
    ',',
  ])('should trust no proxies by %s', (text) => {
    expect(problemsOf({ TRUSTED_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXY: must be the addresses/),
    ]);
  });

  it('should take empty variables as unset, and an empty PINNED as nothing pinned', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '', TRACKER_SECRET: '', CLOCK_START: '' })).toEqual(
      loadConfig({}),
    );
    expect(loadConfig({ PINNED: '' }).pinned).toEqual([]);
  });

  it('should bring the browser back to the port that is served, unless told otherwise', () => {
    expect(loadConfig({ PORT: '5055' }).upstox.redirectUri).toBe('http://127.0.0.1:5055/callback');
    expect(loadConfig({ PORT: '0' }).upstox.redirectUri).toBe('http://127.0.0.1:5000/callback');
  });

  it('should send the login to the host of the API', () => {
    expect(loadConfig({ UPSTOX_API_URL: SIMULATOR }).upstox.loginUrl).toBe(SIMULATOR);
  });

  it('should be frozen in depth', () => {
    const config = loadConfig({});
    for (const part of [config, config.http, config.database, config.upstox, config.pinned, config.clock])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('should not be fooled by inherited names', () => {
    expect(problemsOf(Object.create({ PORT: 'x' }) as Env)).toEqual([]);
  });

  it.each([
    ['HOST', 'http://x'],
    ['HOST', 'a b'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', 'web'],
    ['DATABASE_URL', 'mysql://x/y'],
    ['DATABASE_URL', 'sqlite:'],
    ['DATABASE_URL', 'sqlite::memory:'],
    ['DATABASE_URL', 'data/tracker.db'],
    ['REDIS_URL', 'http://cache'],
    ['UPSTOX_CLIENT_ID', 'two words'],
    ['UPSTOX_CLIENT_SECRET', 'line\nbreak'],
    ['UPSTOX_REDIRECT_URI', 'http://127.0.0.1:5000/'],
    ['UPSTOX_REDIRECT_URI', 'javascript:alert(1)//callback'],
    ['UPSTOX_REDIRECT_URI', 'http://127.0.0.1:5000/callback?next=x'],
    ['UPSTOX_ACCESS_TOKEN', 'a b'],
    ['TRACKER_SECRET', 'too short'],
    ['VIEWER_PASSPHRASE', 'eleven char'],
    ['VIEWER_PASSPHRASE', ' blank at the ends '],
    ['RETENTION_DAYS', '-1'],
    ['RETENTION_DAYS', 'a week'],
    ['CLOCK_START', '2026-08-18T11:00:00'],
    ['CLOCK_START', '2026-13-45T11:00:00Z'],
    ['CLOCK_START', 'tomorrow'],
    ['CLOCK_RATE', '0'],
    ['CLOCK_RATE', '-60'],
    ['CLOCK_RATE', 'fast'],
    ['CLOCK_RATE', '1e9'],
  ])('should refuse %s=%j by its name', (name, value) => {
    expect(refusalOf(name, value)).toBe(true);
  });

  it.each([
    ['UPSTOX_API_URL', 'http://api.example.org'],
    ['UPSTOX_API_URL', 'ftp://127.0.0.1'],
    ['UPSTOX_API_URL', 'https://user:pass@api.upstox.com'],
    ['UPSTOX_API_URL', 'https://api.upstox.com?x=1'],
    ['UPSTOX_API_URL', 'api.upstox.com'],
    ['UPSTOX_LOGIN_URL', 'http://127.0.0.1.example.org'],
    ['UPSTOX_ASSETS_URL', 'http://assets.upstox.com'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ])(
    'S28 should refuse an address that is not safe to ask, and TLS that is switched off: %s=%j',
    (name, value) => {
      expect(refusalOf(name, value)).toBe(true);
    },
  );

  it('should report all problems at once, and no value of any of them', () => {
    const problems = problemsOf({
      PORT: 'p0rt-value',
      DATABASE_URL: 'postgres-password-value',
      TRACKER_SECRET: 'secret-value',
      UPSTOX_ACCESS_TOKEN: 'token value',
      UPSTOX_CLIENT_ID: 'id-value',
    });
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'UPSTOX_ACCESS_TOKEN',
      'TRACKER_SECRET',
      'UPSTOX_CLIENT_SECRET',
    ]);
    expect(new ConfigError(problems).message).not.toContain('value');
  });
});

describe('crossFieldProblems', () => {
  const live = 'https://api.upstox.com';
  it.each([
    ['an id without a secret', { UPSTOX_CLIENT_ID: 'x' }, 'UPSTOX_CLIENT_SECRET'],
    ['a secret without an id', { UPSTOX_CLIENT_SECRET: 'x' }, 'UPSTOX_CLIENT_ID'],
    [
      'a broker login for a simulator',
      { UPSTOX_API_URL: SIMULATOR, UPSTOX_LOGIN_URL: live },
      'UPSTOX_LOGIN_URL',
    ],
    ['a simulated login for the broker', { UPSTOX_LOGIN_URL: SIMULATOR }, 'UPSTOX_LOGIN_URL'],
    ['the demo token at the broker', { UPSTOX_ACCESS_TOKEN: 'demo' }, 'UPSTOX_ACCESS_TOKEN'],
    ['a virtual start at the broker', { CLOCK_START: '2026-08-18T11:00:00Z' }, 'CLOCK_START'],
    ['a virtual rate at the broker', { CLOCK_RATE: '60' }, 'CLOCK_RATE'],
    ['a rate without a start', { UPSTOX_API_URL: SIMULATOR, CLOCK_RATE: '60' }, 'CLOCK_RATE'],
    ['a moment without a start', { UPSTOX_API_URL: SIMULATOR, CLOCK_SINCE: '1787043720000' }, 'CLOCK_SINCE'],
    [
      'a moment that is still to come',
      { UPSTOX_API_URL: SIMULATOR, CLOCK_START: '1787043720000', CLOCK_SINCE: '2999-01-01T00:00:00Z' },
      'CLOCK_SINCE',
    ],
  ])('should refuse %s', (_what, env, name) => {
    const problems = problemsOf(env as Env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: `));
  });

  it('should be silent about variables that are not valid by themselves', () => {
    expect(crossFieldProblems({})).toEqual([]);
  });
});

describe('configWarnings', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:5000/callback', 0],
    ['0.0.0.0', 'http://10.0.0.5:5000/callback', 1],
    ['0.0.0.0', 'https://oi.example.org/callback', 0],
  ])('should, bound to %s with %s, name %d risks', (host, redirect, count) => {
    expect(configWarnings(loadConfig({ HOST: host, UPSTOX_REDIRECT_URI: redirect }))).toHaveLength(count);
  });
});

describe('configWarnings of several processes', () => {
  it.each([
    [{}, 0],
    [{ DATABASE_URL: 'postgres://db/oi' }, 1],
    [{ REDIS_URL: 'redis://cache' }, 1],
    [{ DATABASE_URL: 'postgres://db/oi', TRACKER_SECRET: 'sixteen letters or more' }, 0],
  ])('should, with %j, name %d risks', (env, count) => {
    expect(configWarnings(loadConfig(env))).toHaveLength(count);
  });
});

describe('a printed configuration', () => {
  const secrets = {
    UPSTOX_CLIENT_ID: 'key',
    UPSTOX_CLIENT_SECRET: 's3cret-client',
    UPSTOX_ACCESS_TOKEN: 's3cret-token',
    TRACKER_SECRET: 's3cret of sixteen letters',
    VIEWER_PASSPHRASE: 's3cret passphrase',
    DATABASE_URL: 'postgres://oi:s3cret-pass@db/oi',
    REDIS_URL: 'redis://:s3cret-redis@cache',
  };
  const config = loadConfig(secrets);

  it.each([
    ['util.inspect', (value: unknown) => inspect(value, { depth: 9, showHidden: false })],
    ['JSON', (value: unknown) => JSON.stringify(value)],
    ['a template text', (value: unknown) => `${value as string}`],
    ['an error cause', (value: unknown) => inspect(new Error('x', { cause: value }), { depth: 9 })],
  ])('should show no secret by %s, whole or in part', (_how, print) => {
    for (const part of [config, config.upstox, config.database, { config }])
      expect(print(part)).not.toContain('s3cret');
    expect(print(config.upstox)).toMatch(/hidden|object Object/);
  });

  it('should keep the secrets for those who need them', () => {
    expect(config.upstox.accessToken).toBe('s3cret-token');
    expect(config.viewerPassphrase).toBe('s3cret passphrase');
    expect({ ...config.upstox }.clientSecret).toBe('s3cret-client');
  });
});
