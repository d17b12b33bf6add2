import { type Router, urlencoded } from 'express';
import { Refusal } from '../refusal.js';
import type { SimulatedUser } from '../tokens.js';
import { query, route, type SimulatorContext } from './pipeline.js';

const EXCHANGES = ['NSE', 'NFO', 'BSE', 'CDS', 'BFO', 'BCD', 'MCX'];

/** What the broker tells of a user, in the profile and with a token. */
function person(user: SimulatedUser): object {
  return {
    ...{ email: user.email, exchanges: EXCHANGES, products: ['D', 'CO', 'I'], broker: 'UPSTOX' },
    ...{ user_id: user.userId, user_name: user.userName, order_types: ['MARKET', 'LIMIT', 'SL', 'SL-M'] },
    ...{ user_type: 'individual', poa: false, is_active: true },
  };
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function signInPage(clientId: string, target: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated sign-in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem;color:#1b1f24}
a{display:inline-block;margin-top:1rem;padding:.6rem 1.2rem;border-radius:.4rem;background:#1a4fa3;color:#fff;text-decoration:none}</style>
</head><body><h1>Simulated sign-in</h1>
<p>This is not the broker. A simulator stands in for it; no account is needed and nothing leaves this machine.</p>
<p>App: <code>${escapeHtml(clientId)}</code></p>
<a id="sign-in" href="${escapeHtml(target)}">Sign in to the simulated market</a></body></html>`;
}

/** The redirect back to the app. @throws Refusal when it is not a web address. */
function redirectTarget(redirectUri: string, code: string, state: string): string {
  if (!URL.canParse(redirectUri)) throw new Refusal('UDAPI100068');
  const url = new URL(redirectUri);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Refusal('UDAPI100068');
  url.searchParams.set('code', code);
  if (state) url.searchParams.set('state', state);
  return url.toString();
}

/** The dialog, the token exchange, the profile and the sign-out. */
export function loginRoutes(router: Router, ctx: SimulatorContext): void {
  router.get(
    '/v2/login/authorization/dialog',
    route(ctx, 'login-dialog', 'open', ({ req, res }) => {
      const [clientId, redirectUri] = [query(req, 'client_id'), query(req, 'redirect_uri')];
      if (!clientId || query(req, 'response_type') !== 'code') throw new Refusal('UDAPI100068');
      const code = ctx.tokens.issueCode(clientId, redirectUri);
      const target = redirectTarget(redirectUri, code, query(req, 'state'));
      if (req.get('accept')?.includes('text/html')) res.type('html').send(signInPage(clientId, target));
      else res.redirect(302, target);
    }),
  );
  router.post(
    '/v2/login/authorization/token',
    urlencoded({ extended: false }),
    route(ctx, 'login-token', 'open', ({ req, res }) => {
      const form = (req.body ?? {}) as Record<string, string | undefined>;
      const { user, accessToken } = ctx.tokens.exchange({
        ...{ code: form.code ?? '', clientId: form.client_id ?? '', clientSecret: form.client_secret ?? '' },
        ...{ redirectUri: form.redirect_uri ?? '', grantType: form.grant_type ?? '' },
      });
      res.json({ ...person(user), access_token: accessToken, extended_token: '' });
    }),
  );
  router.get(
    '/v2/user/profile',
    route(ctx, 'profile', 'token', ({ user }) => ({ ...person(user as SimulatedUser), ddpi: false })),
  );
  router.delete(
    '/v2/logout',
    route(ctx, 'logout', 'token', ({ token }) => {
      ctx.tokens.revoke(token ?? '');
      return true;
    }),
  );
}
