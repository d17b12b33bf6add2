import { newSecretId } from '../../../server/auth/random-id.js';
import { oauthCookie, secretCookie, sessionCookie } from '../../../server/auth/session-cookie.js';
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

  it('should be Secure under the public https name only', () => {
    expect(sessionCookie('id', 'oi.example.org', proxied)).toContain('; Secure');
    expect(sessionCookie('id', '127.0.0.1:5000', proxied)).not.toContain('Secure');
  });

  it('should be read in our own form only', () => {
    const id = newSecretId();
    expect(secretCookie(`a=b; oi_session=${id}`, 'oi_session')).toBe(id);
    for (const header of [
      undefined,
      '',
      'oi_session=',
      'oi_session=%00',
      `oi_session=${id}x`,
      '__proto__=x',
      `x${id}`,
    ])
      expect(secretCookie(header, 'oi_session')).toBeNull();
  });
});
