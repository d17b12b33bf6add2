import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { brokerError, clientOf } from './client-under-test.js';
import { breakOff, drip, hangUp, html, raw, ScriptedServer, silence } from './scripted-server.js';

const FILE = gzipSync(JSON.stringify([{ instrument_key: 'NSE_FO|1' }]));

describe('instrumentMaster', () => {
  let server: ScriptedServer;
  beforeAll(async () => (server = await ScriptedServer.start()));
  afterAll(() => server.stop());

  it.each([
    ['as a plain file', { 'Content-Type': 'application/gzip' }],
    ['labelled as encoded', { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' }],
  ])(
    'should stream the compressed bytes untouched, served %s',
    async (_name, headers: Record<string, string>) => {
      server.script(raw(FILE, 200, { ...headers, 'Content-Length': String(FILE.length) }));
      const { body, bytes } = await clientOf(server.url).instrumentMaster('NSE');
      expect(bytes).toBe(FILE.length);
      expect(gunzipSync(await buffer(body)).toString()).toContain('NSE_FO|1');
      expect(server.seen[0]).toMatchObject({
        method: 'GET',
        url: '/market-quote/instruments/exchange/NSE.json.gz',
      });
      expect(server.seen[0]?.headers['user-agent']).toMatch(/^OI-Tracker\//);
      expect(server.seen[0]?.headers.authorization).toBeUndefined();
    },
  );

  it('should know no length where the server names none', async () => {
    server.script((response) => {
      response.writeHead(200);
      response.write(FILE);
      response.end();
    });
    const { body, bytes } = await clientOf(server.url).instrumentMaster('complete');
    expect(bytes).toBeNull();
    expect((await buffer(body)).equals(FILE)).toBe(true);
  });

  it('should hold back the server while nobody reads, and not buffer the file', async () => {
    let written = 0;
    server.script((response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (written < 64 * 1024 * 1024) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const { body } = await clientOf(server.url).instrumentMaster('BSE');
    await once(body, 'readable');
    let before = -1;
    while (before !== written) {
      before = written;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(32 * 1024 * 1024);
    expect((await buffer(body)).length).toBe(64 * 1024 * 1024);
  });

  it.each([
    ['a missing file', raw('gone', 404), 'refused', 1],
    ["a CDN's 403", html(403), 'unreachable', 3],
    ['a fault', html(503), 'unreachable', 3],
    ['a closed connection', hangUp, 'unreachable', 3],
    ['a redirect', raw('', 302, { Location: 'http://127.0.0.1:1/' }), 'bad-answer', 1],
    ['silence', silence, 'unreachable', 3],
  ])('should end %s as a BrokerError', async (_name, reply, kind, calls) => {
    server.script(reply);
    const client = clientOf(server.url, { download: { headersMs: reply === silence ? 60 : 5_000 } });
    expect(await brokerError(client.instrumentMaster('MCX'))).toMatchObject({ kind });
    expect(client.metrics.count('instruments')).toBe(calls);
  });

  it.each([
    ['breaks off', breakOff({ 'Content-Length': '999' }), {}],
    ['breaks off without a length', breakOff(), {}],
    ['stalls', stall(), { idleMs: 80 }],
    ['drips', drip, { totalMs: 150 }],
  ])('should end the stream with a BrokerError when it %s', async (_name, reply, download) => {
    server.script(reply);
    const { body } = await clientOf(server.url, { download }).instrumentMaster('NSE');
    expect(await brokerError(buffer(body))).toMatchObject({ kind: 'unreachable' });
  });
});

function stall(): typeof drip {
  return (response) => void response.writeHead(200).write('x');
}
