import { inspect } from 'node:util';
import type { UpstoxClient } from '../../../server/upstox/upstox-client.js';
import { CHAIN } from '../../unit/upstox/chain-samples.js';
import { brokerError, clientOf, TOKEN } from './client-under-test.js';
import {
  failure,
  hangUp,
  html,
  json,
  raw,
  type Reply,
  ScriptedServer,
  type SeenRequest,
  silence,
} from './scripted-server.js';

const SECRETS = [
  TOKEN.accessToken,
  'pl4nted-c0de',
  'pl4nted s&cret',
  encodeURIComponent('pl4nted s&cret'),
  'pl4nted+s%26cret',
];
const exchange = {
  code: 'pl4nted-c0de',
  clientId: 'id',
  clientSecret: 'pl4nted s&cret',
  redirectUri: 'http://127.0.0.1:5000/callback',
};
/** All that a server was told, as it came and decoded. */
const told = ({ url, headers, body }: SeenRequest): string => {
  const words = [...new URLSearchParams(body).values()].join(' ');
  return `${words} ${body} ${headers.authorization ?? ''} ${headers.authorization?.slice(7) ?? ''} ${url}`;
};
/** Sends it back as its message and its code. */
const echo =
  (status: number): Reply =>
  (response, request) =>
    failure(status, told(request), told(request))(response, request);
const echoAsText: Reply = (response, request) => raw(told(request))(response, request);
/** Sends it back where data should be, field names included. */
const echoAsData: Reply = (response, request) => {
  const text = told(request);
  json({ status: 'success', data: { [text]: text, user_id: text }, access_token: text, user_id: text })(
    response,
    request,
  );
};

describe('errors of the UpstoxClient', () => {
  let server: ScriptedServer;
  beforeAll(async () => (server = await ScriptedServer.start()));
  afterAll(() => server.stop());

  const faults: [string, Reply][] = [
    ['an echo with 400', echo(400)],
    ['an echo with 401', echo(401)],
    ['an echo with 403', echo(403)],
    ['an echo with 429', echo(429)],
    ['an echo with 500', echo(500)],
    ['an echo with 200', echo(200)],
    ['an echo as data', echoAsData],
    ['a redirect that names the token', raw('', 307, { Location: `/x?token=${TOKEN.accessToken}` })],
    ['an echo that is no JSON', echoAsText],
    ['a web page', html(403)],
    ['a closed connection', hangUp],
    ['silence', silence],
  ];
  const calls: [string, (client: UpstoxClient) => Promise<unknown>][] = [
    ['the chain', (client) => client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry)],
    ['the profile', (client) => client.profile(TOKEN)],
    ['the sign-in', (client) => client.exchangeCode(exchange)],
    ['the sign-out', (client) => client.logout(TOKEN)],
  ];
  const cases = faults.flatMap(([fault, reply]) =>
    calls.map(([name, call]) => [name, fault, reply, call] as const),
  );

  it.each(cases)('should hold no secret when %s meets %s', async (_name, _fault, reply, call) => {
    server.script(reply);
    const client = clientOf(server.url, { retry: { tryMs: 60, tries: 2 }, pacing: { maxWaitMs: 10 } });
    const result: unknown = await call(client).catch((error: unknown) => error);
    if (!(result instanceof Error)) return expect(result).toBeUndefined();
    expectNoSecret(result);
  });

  it.each(['bad token\n', 'tökén', `${'x'.repeat(9_000)}`])(
    'should not show the token %#',
    async (accessToken) => {
      const error = await brokerError(clientOf(server.url).profile({ accessToken, userId: 'u' }));
      expect(seenOf(error)).not.toContain(accessToken.trim().slice(0, 8));
    },
  );

  it('should hold no secret when the address is not usable', async () => {
    const error = await brokerError(clientOf('http://127.0.0.1:1').optionChain(TOKEN, 'A|B', '2026-01-01'));
    expectNoSecret(error);
    expect(seenOf(error)).not.toMatch(/instrument_key|A%7CB/);
  });
});

function seenOf(error: Error): string {
  const own = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return `${error.message} ${own} ${inspect(error, { depth: 10, showHidden: true })} ${inspect(error.cause)}`;
}

function expectNoSecret(error: Error): void {
  const seen = seenOf(error);
  for (const secret of SECRETS) expect(seen).not.toContain(secret);
}
