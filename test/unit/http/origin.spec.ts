import { loadConfig } from '../../../server/config/load-config.js';
import { hostAllowed, originAllowed, PageOrigins } from '../../../server/http/origin.js';

const local = loadConfig({});
const proxied = loadConfig({ UPSTOX_REDIRECT_URI: 'https://oi.example.org/callback' });
const lan = loadConfig({ HOST: '192.168.1.5' });
const everywhere = loadConfig({ HOST: '0.0.0.0' });

describe('hostAllowed', () => {
  it.each([
    ['127.0.0.1:5000', local, true],
    ['localhost', local, true],
    ['LOCALHOST:1', local, true],
    ['[::1]:5000', local, true],
    ['127.0.0.1.example.org', local, false],
    ['localhost.example.org:5000', local, false],
    ['evil.example', local, false],
    ['192.168.1.5:5000', local, false],
    ['user@127.0.0.1', local, false],
    ['127.0.0.1:5000/path', local, false],
    ['', local, false],
    [undefined, local, false],
    ['oi.example.org', proxied, true],
    ['oi.example.org:443', proxied, true],
    ['x.oi.example.org', proxied, false],
    ['192.168.1.5:5000', lan, true],
    ['192.168.1.6:5000', lan, false],
    ['192.168.1.6:5000', everywhere, true],
    ['[fe80::1]:5000', everywhere, true],
    ['rebound.example:5000', everywhere, false],
  ])('should judge Host %j', (host, config, allowed) => {
    expect(hostAllowed(host, config)).toBe(allowed);
  });
});

describe('originAllowed', () => {
  it.each([
    ['http://127.0.0.1:5000', '127.0.0.1:5000', local, true],
    ['http://localhost:5173', 'localhost:5173', local, true],
    ['http://[::1]:5000', '[::1]:5000', local, true],
    ['http://127.0.0.1', '127.0.0.1:80', local, true],
    ['http://127.0.0.1:5001', '127.0.0.1:5000', local, false],
    ['http://localhost:6000', '127.0.0.1:5000', local, false],
    ['http://evil.example', '127.0.0.1:5000', local, false],
    ['http://evil.example', 'evil.example', local, false],
    ['http://127.0.0.1:5000.evil.example', '127.0.0.1:5000', local, false],
    ['null', '127.0.0.1:5000', local, false],
    ['', '127.0.0.1:5000', local, false],
    [undefined, '127.0.0.1:5000', local, false],
    ['file://127.0.0.1:5000', '127.0.0.1:5000', local, false],
    ['http://127.0.0.1:5000/', '127.0.0.1:5000', local, false],
    ['http://u@127.0.0.1:5000', '127.0.0.1:5000', local, false],
    ['https://oi.example.org', 'oi.example.org', proxied, true],
    ['https://oi.example.org', '127.0.0.1:5000', proxied, true],
    ['http://oi.example.org', 'oi.example.org', proxied, false],
    ['http://192.168.1.5:5000', '192.168.1.5:5000', lan, true],
    ['http://192.168.1.6:5000', '192.168.1.5:5000', lan, false],
  ])('should judge Origin %j sent to %j', (origin, host, config, allowed) => {
    expect(originAllowed(origin, host, config)).toBe(allowed);
  });
});

describe('the pages of many screens', () => {
  const cases: [origin: string | undefined, host: string | undefined][] = [
    ['http://127.0.0.1:5000', '127.0.0.1:5000'],
    ['http://127.0.0.1:5000', '127.0.0.1:5000'],
    ['http://127.0.0.1:5000', 'evil.example'],
    ['http://evil.example', '127.0.0.1:5000'],
    [undefined, '127.0.0.1:5000'],
    ['http://127.0.0.1:5000', undefined],
    [undefined, undefined],
    ['http://localhost:5000', 'localhost:5000'],
    ['http://127.0.0.1:5000', 'localhost:5000'],
    ['http://127.0.0.1:5000', '127.0.0.1:5000'],
  ];

  it('should be judged as each by itself, whoever was let in before', () => {
    const pages = new PageOrigins(local);
    for (const [origin, host] of cases)
      expect([origin, host, pages.allow(origin, host)]).toEqual([
        origin,
        host,
        originAllowed(origin, host, local),
      ]);
  });
});
