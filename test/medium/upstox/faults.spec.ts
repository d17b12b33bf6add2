import { gzipSync } from 'node:zlib';
import { ManualClock } from '../../../server/clock/clock.js';
import { BrokerThrottled } from '../../../server/upstox/errors.js';
import { CHAIN, row } from '../../unit/upstox/chain-samples.js';
import { brokerError, clientOf, fastClock, TOKEN } from './client-under-test.js';
import {
  breakOff,
  drip,
  failure,
  hangUp,
  html,
  json,
  raw,
  type Reply,
  ScriptedServer,
  silence,
  success,
} from './scripted-server.js';

describe('UpstoxClient on faults', () => {
  const clock = fastClock();
  let server: ScriptedServer;
  beforeAll(async () => (server = await ScriptedServer.start(() => clock.now())));
  afterAll(() => server.stop());

  const chainOf = (url: string, retry = {}) =>
    clientOf(url, { clock, retry }).optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry);

  it.each<[string, Reply, string, number]>([
    ['a 401', failure(401, 'UDAPI100050', 'Invalid token used to access API'), 'token-dead', 1],
    ['a 401 that is a web page', html(401), 'token-dead', 1],
    ['a token of the wrong kind', failure(403, 'UDAPI100067'), 'refused', 1],
    ['a bad key', failure(400, 'UDAPI100011', 'Invalid Instrument key'), 'refused', 1],
    ['a 200 with an error inside', failure(200, 'UDAPI1088', 'Invalid date'), 'refused', 1],
    ['a 200 that is a web page', html(200), 'bad-answer', 1],
    ['an empty 200', raw(''), 'bad-answer', 1],
    ['a 204', raw('', 204), 'bad-answer', 1],
    ['truncated JSON', raw('{"status":"success","data":[{"strike_pri'), 'bad-answer', 1],
    ['JSON without an envelope', json([row(1)]), 'bad-answer', 1],
    ['a status nobody knows', json({ status: 'ok', data: [] }), 'bad-answer', 1],
    ['data: null', success(null), 'bad-answer', 1],
    ['data of another shape', success({ strikes: [] }), 'bad-answer', 1],
    ['bytes that are no text', raw(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 'bad-answer', 1],
    ['a gzip label on plain text', raw('{}', 200, { 'Content-Encoding': 'gzip' }), 'bad-answer', 1],
    [
      'a length that is too short',
      raw('{"status":"success","data":[]}', 200, { 'Content-Length': '9' }),
      'bad-answer',
      1,
    ],
    ['a redirect', raw('', 302, { Location: 'http://127.0.0.1:1/' }), 'bad-answer', 1],
    ["a CDN's 403", html(403), 'unreachable', 3],
    ['a 500', failure(500, 'UDAPI100500'), 'unreachable', 3],
    ['a 502 that is a web page', html(502), 'unreachable', 3],
    ['a connection that is closed', hangUp, 'unreachable', 3],
    ['a body that breaks off', breakOff(), 'unreachable', 3],
  ])(
    'should end %s as the right kind of error, after the right number of calls',
    async (_name, reply, kind, calls) => {
      server.script(reply);
      expect(await brokerError(chainOf(server.url))).toMatchObject({ kind });
      expect(server.seen).toHaveLength(calls);
    },
  );

  it.each([301, 302, 303, 307, 308])(
    'S28 should follow no redirect (%i), and send its token nowhere else',
    async (status) => {
      const elsewhere = await ScriptedServer.start(() => clock.now());
      elsewhere.script(success([row(1)]));
      server.script(raw('', status, { Location: `${elsewhere.url}/v2/option/chain` }));
      const error = await brokerError(chainOf(server.url));
      expect(error).toMatchObject({ kind: 'bad-answer' });
      expect(error.message).not.toContain(elsewhere.url);
      expect([server.seen.length, elsewhere.seen.length]).toEqual([1, 0]);
      await elsewhere.stop();
    },
  );

  it('should not take a body with a length that is too long for a whole one', async () => {
    server.script(
      raw('{"status":"success","data":[]}', 200, { 'Content-Length': '99', Connection: 'close' }),
    );
    const { kind } = await brokerError(chainOf(server.url, { tryMs: 200 }));
    expect(['bad-answer', 'unreachable']).toContain(kind);
  });

  it('should say where nobody listens', async () => {
    const gone = await ScriptedServer.start();
    const url = gone.url;
    await gone.stop();
    const error = await brokerError(chainOf(url));
    expect(error).toMatchObject({
      kind: 'unreachable',
      message: 'The broker cannot be reached (ECONNREFUSED)',
    });
  });

  it('should recover when the fault passes', async () => {
    server.script(html(503), hangUp, success([row(1)]));
    expect((await chainOf(server.url)).strikes).toHaveLength(1);
    expect(server.seen).toHaveLength(3);
  });

  it.each([
    ['silence', silence],
    ['a dripping body', drip],
  ])('should give up on %s after the time for one try', async (_name, reply) => {
    server.script(reply);
    const start = performance.now();
    const client = clientOf(server.url, { clock, retry: { tryMs: 120, tries: 2 } });
    const error = await brokerError(client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry));
    expect(error).toMatchObject({ kind: 'unreachable', message: 'The broker did not answer within 0.1 s' });
    expect(client.metrics.count('option-chain', 'unreachable')).toBe(2);
    expect(performance.now() - start).toBeGreaterThan(230);
  });

  it('should keep all tries within the total time', async () => {
    server.script(silence);
    const start = performance.now();
    await brokerError(chainOf(server.url, { tryMs: 300, totalMs: 400 }));
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(server.seen.length).toBeLessThanOrEqual(2);
  });

  it.each([
    ['as long as', 150],
    ['shorter than', 60_000],
  ])(
    'should say that the total time is over, and neither pause nor try again, where it is %s one try',
    async (_name, tryMs) => {
      server.script(silence);
      const { clock: still, pauses } = countingClock();
      const client = clientOf(server.url, { clock: still, retry: { tryMs, totalMs: 150, tries: 5 } });
      const error = await brokerError(client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry));
      expect(error).toMatchObject({ kind: 'unreachable', message: 'The broker did not answer within 0.1 s' });
      expect(server.seen.length).toBeLessThanOrEqual(1);
      expect(pauses()).toBe(0);
    },
  );

  it.each([
    ['as it comes', (text: string) => raw(text)],
    [
      'blown up from a small gzip',
      (text: string) => raw(gzipSync(text), 200, { 'Content-Encoding': 'gzip' }),
    ],
  ])('should stop reading an answer that is too large, %s', async (_name, reply) => {
    server.script(reply(`{"status":"success","data":"${' '.repeat(17 * 1024 * 1024)}"}`));
    const error = await brokerError(chainOf(server.url));
    expect(error).toMatchObject({ kind: 'bad-answer', message: "The broker's answer is larger than 16 MiB" });
  });

  it('should wait as long as Retry-After says before the next call', async () => {
    server.script(
      failure(429, 'UDAPI10005', 'Too Many Request Sent', { 'Retry-After': '20' }),
      success([row(1)]),
    );
    expect((await chainOf(server.url)).strikes).toHaveLength(1);
    const [first, second] = server.seen;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(20_000);
  });

  it('should back off by itself after a 429 without Retry-After', async () => {
    server.script(failure(429, 'UDAPI10005'), html(429), success([row(1)]));
    await chainOf(server.url);
    const [first, second, third] = server.seen.map((r) => r.at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('should give up at once on a long Retry-After, say how long, and call no more until then', async () => {
    server.script(failure(429, 'UDAPI10005', 'x', { 'Retry-After': '600' }), success([]));
    const client = clientOf(server.url, { clock });
    const error = await brokerError(client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry));
    expect(error).toBeInstanceOf(BrokerThrottled);
    expect(error).toMatchObject({ status: 429, code: 'UDAPI10005', retryAfterMs: 600_000 });
    expect(client.budget(TOKEN, 'option-chain')).toBe(0);
    const next = await brokerError(client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry));
    expect(next).toMatchObject({ kind: 'throttled', code: null });
    expect(server.seen).toHaveLength(1);
    expect(client.metrics.count('option-chain', 'paced')).toBe(2);
    expect(client.metrics.count('option-chain', 'throttled')).toBe(1);
  });

  it('should never storm: 200 callers against a broker that only says 429', async () => {
    server.script(failure(429, 'UDAPI10005'));
    const manual = new ManualClock(clock.now());
    const client = clientOf(server.url, { clock: manual, pacing: { maxWaitMs: 15_000 } });
    let open = 200;
    const calls = Array.from({ length: 200 }, () =>
      brokerError(client.optionChain(TOKEN, CHAIN.underlying, CHAIN.expiry)).finally(() => (open -= 1)),
    );
    while (client.metrics.total < 50) await new Promise((resolve) => setImmediate(resolve));
    while (open > 0) {
      manual.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const error of await Promise.all(calls)) expect(error.kind).toBe('throttled');
    // Fifty left before the first answer; after it, one at a time feels the way.
    expect(server.seen.length).toBeGreaterThanOrEqual(50);
    expect(server.seen.length).toBeLessThan(100);
  });

  it('should try neither a sign-in nor a sign-out again', async () => {
    server.script(html(503));
    const client = clientOf(server.url);
    await brokerError(client.exchangeCode({ code: 'c', clientId: 'i', clientSecret: 's', redirectUri: 'r' }));
    await brokerError(client.logout(TOKEN));
    expect(server.seen).toHaveLength(2);
  });

  it('should tell wrong credentials at sign-in from a dead token', async () => {
    server.script(failure(401, 'UDAPI100069', 'Check your client_id and client_secret'));
    const exchange = { code: 'c', clientId: 'i', clientSecret: 's', redirectUri: 'r' };
    expect(await brokerError(clientOf(server.url).exchangeCode(exchange))).toMatchObject({
      kind: 'refused',
      code: 'UDAPI100069',
    });
  });

  it('should not send a token that cannot be a header', async () => {
    server.script(success([]));
    const call = clientOf(server.url).profile({ accessToken: 'a\r\nX-Injected: 1', userId: 'u' });
    expect(await brokerError(call)).toMatchObject({ kind: 'token-dead' });
    expect(server.seen).toHaveLength(0);
  });
});

/** A clock on which nobody may pause: it stands still, so that whoever does would never go on. */
function countingClock(): { clock: ManualClock; pauses: () => number } {
  let count = 0;
  class Counting extends ManualClock {
    override sleep(ms: number, signal?: AbortSignal): Promise<void> {
      count += 1;
      return super.sleep(ms, signal);
    }
  }
  return { clock: new Counting(Date.parse('2026-11-23T10:00:00+05:30')), pauses: () => count };
}
