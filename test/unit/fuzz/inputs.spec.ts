import fc from 'fast-check';
import {
  callbackQuery,
  loginBody,
  parseBody,
  passphraseBody,
  tokenBody,
} from '../../../server/auth/auth-input.js';
import { oauthIdOf, sessionIdOf } from '../../../server/auth/session-cookie.js';
import { MAX_NEWS_BYTES, encodeNews, parseNews } from '../../../server/cluster/news.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { chainRefSchema } from '../../../server/gateway/chain-ref.js';
import { ApiError } from '../../../server/http/api-error.js';
import { hostAllowed, originAllowed } from '../../../server/http/origin.js';
import { fuzz } from '../../support/fuzz.js';

const config = loadConfig({});
const OWN = ['127.0.0.1:5000', 'localhost:5000', '[::1]:5000', '127.0.0.1', 'evil.example', '::', '0'];
const aHost = fc.oneof(
  fc.constantFrom(...OWN),
  fc.tuple(fc.constantFrom(...OWN), fc.string({ maxLength: 4 })).map((parts) => parts.join('')),
  fc.tuple(fc.string({ maxLength: 4 }), fc.constantFrom(...OWN)).map((parts) => parts.join('')),
  fc.string(),
);
const ID = /^[A-Za-z0-9_-]{43}$/;

describe('what comes from outside, whatever it is', () => {
  it('should let in pages only that this very host and port has served', () => {
    const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'ftp://', 'http:/', 'null', '');
    fuzz(
      'input: Host and Origin',
      fc.property(aHost, aHost, scheme, (host, other, before) => {
        const origin = before + other;
        const allowed = originAllowed(origin, host, config);
        if (hostAllowed(host, config))
          expect(host).toMatch(/^(localhost|127(\.\d+){3}|\[[0:]*:0*1\])(:\d+)?$/i);
        if (!allowed || origin === config.http.publicOrigin) return;
        expect(hostAllowed(host, config)).toBe(true);
        expect(new URL(origin).host).toBe(new URL(`${new URL(origin).protocol}//${host}`).host);
      }),
    );
  });

  it('should take no id from a cookie but one of our own form', () => {
    const name = fc.constantFrom('oi_session', 'oi_oauth', '__Host-oi_session', 'OI_SESSION', '__proto__');
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('a'.repeat(43), 'a'.repeat(44), `"${'b'.repeat(43)}"`),
    );
    const cookie = fc.array(fc.tuple(name, value), { maxLength: 5 });
    fuzz(
      'input: cookies',
      fc.property(
        fc.oneof(
          fc.string(),
          cookie.map((all) => all.map((one) => one.join('=')).join('; ')),
        ),
        (text) => {
          for (const id of [sessionIdOf({ cookie: text }, config), oauthIdOf({ cookie: text }, config)])
            if (id !== null) expect(id).toMatch(ID);
        },
      ),
    );
  });

  it('should take no body and no query but those of plain short texts', () => {
    const key = fc.constantFrom(
      'apiKey',
      'apiSecret',
      'accessToken',
      'passphrase',
      'code',
      'state',
      '__proto__',
    );
    const value = fc.oneof(fc.string({ maxLength: 40 }), fc.anything());
    const ref = fc.record({ underlying: value, expiry: fc.oneof(fc.constant('2026-02-30'), value) });
    const body = fc.oneof(fc.anything(), fc.dictionary(key, value), ref);
    fuzz(
      'input: bodies and queries',
      fc.property(body, (given) => {
        const chain = chainRefSchema.safeParse(given);
        if (chain.success) {
          expect(Object.keys(chain.data).sort()).toEqual(['expiry', 'underlying']);
          expect(new Date(chain.data.expiry).toISOString().slice(0, 10)).toBe(chain.data.expiry);
        }
        callbackQuery.safeParse(given);
        for (const schema of [loginBody, tokenBody, passphraseBody])
          try {
            for (const text of Object.values(parseBody(schema, given, 'no')))
              expect([typeof text, String(text).length <= 4096]).toEqual(['string', true]);
          } catch (error) {
            if (!(error instanceof ApiError)) throw error;
          }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });

  it('S31 should take no news of other processes but hints of the known kinds', () => {
    const kind = fc.constantFrom('chain', 'watch', 'market', 'session', 'tokens', 'table', '__proto__');
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('2026-08-18', 'f'.repeat(64), 'revoked'),
      fc.anything(),
    );
    const fields = fc.constantFrom('underlying', 'expiry', 'idHash', 'code', 'rows', 'oi');
    const news = fc.tuple(kind, fc.dictionary(fields, value)).map(([of, rest]) => ({ kind: of, ...rest }));
    const envelope = fc.record({ v: fc.constantFrom(1, 1, 1, 2, '1'), from: fc.string(), news });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      envelope.map((one) => JSON.stringify(one)),
    );
    fuzz(
      'input: news of other processes',
      fc.property(text, (given) => {
        const parsed = parseNews(given);
        if (parsed === null) return;
        expect(given.length).toBeLessThanOrEqual(MAX_NEWS_BYTES);
        // Nothing but what is written down passes: above all no numbers.
        expect(parseNews(encodeNews(parsed.from, parsed.news))).toEqual(parsed);
        expect(Object.values(parsed.news).every((part) => typeof part === 'string')).toBe(true);
      }),
    );
  });
});
