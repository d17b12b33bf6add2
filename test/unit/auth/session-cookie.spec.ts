import { newSecretId } from '../../../server/auth/random-id.js';
import { oauthCookie, oauthIdOf, sessionCookie, sessionIdOf } from '../../../server/auth/session-cookie.js';
import { loadConfig } from '../../../server/config/load-config.js';

const local = loadConfig({});
const proxied = loadConfig({ UPSTOX_REDIRECT_URI: 'https://oi.example.org/callback' });

describe('cookies', () => {
  it('should be out of reach of scripts and of other sites', () => {
    const cookie = sessionCookie('id', '127.0.0.1:5000', local);
    expect(cookie.split('; ').sort()).toEqual(
      ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'oi_session=id'].sort(),
    );
    expect(oauthCookie('id', '127.0.0.1:5000', local, 600_000)).toContain('Path=/callback');
  });

  it('should be Secure, and named so that nobody else can plant them, under the public https name only', () => {
    const cookie = sessionCookie('id', 'oi.example.org', proxied);
    expect(cookie).toMatch(/^__Host-oi_session=id; .*Path=\/; .*Secure/);
    expect(cookie).not.toContain('Domain');
    expect(oauthCookie('id', 'oi.example.org', proxied, 1000)).toMatch(/^__Secure-oi_oauth=id; .*Secure/);
    expect(sessionCookie('id', '127.0.0.1:5000', proxied)).toMatch(/^oi_session=id; (?!.*Secure)/);
  });

  it('should count behind https under the guarded name only', () => {
    const id = newSecretId();
    const host = 'oi.example.org';
    expect(sessionIdOf({ host, cookie: `oi_session=${id}` }, proxied)).toBeNull();
    expect(sessionIdOf({ host, cookie: `__Host-oi_session=${id}` }, proxied)).toBe(id);
    expect(oauthIdOf({ host, cookie: `oi_oauth=${id}` }, proxied)).toBeNull();
    expect(oauthIdOf({ host, cookie: `__Secure-oi_oauth=${id}` }, proxied)).toBe(id);
  });

  it('should be read in our own form only', () => {
    const id = newSecretId();
    const read = (cookie?: string) => sessionIdOf({ host: '127.0.0.1:5000', cookie }, local);
    expect(read(`a=b; oi_session=${id}`)).toBe(id);
    for (const header of [
      undefined,
      '',
      'oi_session=',
      'oi_session=%00',
      `oi_session=${id}x`,
      '__proto__=x',
      `x${id}`,
    ])
      expect(read(header)).toBeNull();
  });
});
