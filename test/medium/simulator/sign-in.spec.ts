import { type Answer, at, codeOf, Started } from './started.js';

const CALLBACK = 'http://127.0.0.1:5000/callback';
const dialog = (extra: Record<string, string> = {}): string =>
  `/v2/login/authorization/dialog?${new URLSearchParams({
    ...{ response_type: 'code', client_id: 'key', redirect_uri: CALLBACK, state: 'a&b' },
    ...extra,
  }).toString()}`;

describe('sign-in at the simulator', () => {
  let sim: Started;
  beforeAll(async () => (sim = await Started.with()));
  afterAll(() => sim.simulator.close());
  beforeEach(() => sim.clock.set(at('12:00:00')));

  async function code(): Promise<string> {
    const { headers } = await sim.get(dialog(), {});
    return new URL(headers.get('location') ?? '').searchParams.get('code') ?? '';
  }

  function exchange(form: Record<string, string>): Promise<Answer> {
    const whole = {
      ...{ client_id: 'key', client_secret: 'any', redirect_uri: CALLBACK },
      ...{ grant_type: 'authorization_code', ...form },
    };
    return sim.request('/v2/login/authorization/token', { method: 'POST', body: new URLSearchParams(whole) });
  }

  it('should redirect with a code and the state unchanged', async () => {
    const { status, headers } = await sim.get(dialog(), {});
    const target = new URL(headers.get('location') ?? '');
    expect([status, target.origin + target.pathname]).toEqual([302, CALLBACK]);
    expect(target.searchParams.get('state')).toBe('a&b');
  });

  it('should show browsers a page with one button', async () => {
    const { text, headers } = await sim.get(dialog({ client_id: '<img onerror=x>' }), {
      accept: 'text/html,*/*',
    });
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).toContain('Simulated sign-in');
    expect(text).toMatch(/href="http:&#47;|href="http:\/\/127\.0\.0\.1:5000\/callback\?code=/);
    expect(text).not.toContain('<img');
  });

  it.each<Record<string, string>>([
    { redirect_uri: 'javascript:alert(1)' },
    { redirect_uri: 'nowhere' },
    { client_id: '' },
  ])('should refuse the dialog for %p', async (wrong) => {
    expect(codeOf(await sim.get(dialog(wrong), {}))).toBe('UDAPI100068');
  });

  it('should give a flat token answer whose token reads as a JWT until the next 03:30 IST', async () => {
    const answer = await exchange({ code: await code() });
    const body = answer.json as Record<string, unknown>;
    expect(Object.keys(body).sort()).toEqual([
      ...[
        'access_token',
        'broker',
        'email',
        'exchanges',
        'extended_token',
        'is_active',
        'order_types',
        'poa',
      ],
      ...['products', 'user_id', 'user_name', 'user_type'],
    ]);
    const [, claims = ''] = String(body.access_token).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      ...{ sub: body.user_id, exp: at('03:30:00', '2026-11-21') / 1000, iss: 'udapi-gateway-service' },
    });
  });

  it('should let the token work until it dies, and not after', async () => {
    const { access_token } = (await exchange({ code: await code() })).json as { access_token: string };
    const auth = { authorization: `Bearer ${access_token}` };
    sim.clock.set(at('03:29:59', '2026-11-21'));
    expect((await sim.get('/v2/user/profile', auth)).status).toBe(200);
    sim.clock.set(at('03:30:00', '2026-11-21'));
    const dead = await sim.get('/v2/user/profile', auth);
    expect([dead.status, codeOf(dead)]).toEqual([401, 'UDAPI100050']);
  });

  it('should take a code once, even when the exchange fails', async () => {
    const once = await code();
    expect(codeOf(await exchange({ code: once, redirect_uri: 'http://other' }))).toBe('UDAPI100070');
    expect(codeOf(await exchange({ code: once }))).toBe('UDAPI100057');
  });

  it.each([
    [{ code: 'made-up' }, 'UDAPI100057'],
    [{ code: 'made-up', client_secret: '' }, 'UDAPI100069'],
    [{ code: 'made-up', grant_type: 'password' }, 'UDAPI100038'],
  ])('should refuse %p', async (form, expected) => {
    expect(codeOf(await exchange(form))).toBe(expected);
  });

  it('should make another user of another API key', async () => {
    const first = (await exchange({ code: await code() })).json as { user_id: string };
    const { headers } = await sim.get(dialog({ client_id: 'other' }), {});
    const other = new URL(headers.get('location') ?? '').searchParams.get('code') ?? '';
    const second = (await exchange({ code: other, client_id: 'other' })).json as { user_id: string };
    expect(second.user_id).not.toBe(first.user_id);
  });

  it('should end a token by signing out, but not the demo token', async () => {
    const { access_token } = (await exchange({ code: await code() })).json as { access_token: string };
    for (const token of [access_token, 'demo']) {
      const headers = { authorization: `Bearer ${token}` };
      const out = await sim.request('/v2/logout', { method: 'DELETE', headers });
      expect(out.json).toEqual({ status: 'success', data: true });
      expect((await sim.get('/v2/user/profile', headers)).status).toBe(token === 'demo' ? 200 : 401);
    }
  });
});
