import { createServer, type AddressInfo } from 'node:net';
import { cleanUp, serverScript, settings, start, tempFolder, until } from '../../support/harness.js';
import { request, Visitor } from '../../support/harness-client.js';
import { type LogLine, realServer } from './real-server.js';

describe('the log of a running server', () => {
  let server: Awaited<ReturnType<typeof realServer>>;
  beforeAll(async () => {
    server = await realServer();
    await server.captures(2);
  });
  afterAll(async () => {
    await cleanUp();
    await server.simulator.close();
  });

  it('should be one JSON object a line, each with a level, where no terminal reads it', () => {
    const lines = server.program.lines.filter((line) => !line.startsWith('listening on'));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({
        level: expect.stringMatching(/^(log|warn|error)$/) as string,
      });
  });

  it('should give every capture an id of its own', () => {
    const ids = server.logged(/^capture /).map((line) => line.captureId);
    expect(ids.every((id) => /^[0-9a-f]{8}$/.test(id ?? ''))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('should note what a request changed or was refused under its id, without the query, and no plain reading', async () => {
    const visitor = await Visitor.enter(server.url);
    await visitor.get('/api/quality');
    const refused = await request(server.url, '/callback?code=s3cret&state=s3cret');
    const missing = await request(server.url, '/api/none?x=s3cret');
    const line = (path: RegExp): Promise<LogLine> =>
      until(`a line like ${path}`, () => server.logged(path).at(-1));
    expect((await line(/^POST \/api\/auth\/token 200 ms=\d+$/)).requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await line(/^GET \/api\/none 404 /)).requestId).toBe(missing.headers.get('x-request-id'));
    expect(refused.status).toBe(302);
    expect(server.logged(/api\/quality/)).toEqual([]);
    expect(server.program.output).not.toContain('s3cret');
  });

  it('should start quietly: nothing of the framework, no route list', () => {
    expect(server.program.output).not.toMatch(
      /RouterExplorer|InstanceLoader|RoutesResolver|NestFactory|Mapped \{/,
    );
    expect(server.program.lines[0]).toMatch(/listening on|calendar|chain|capture|instruments/);
  });
});

describe('a server that other machines reach without https', () => {
  /** On a port that is taken, so that nothing is really opened to other machines. */
  async function printedWith(redirect: string): Promise<string> {
    const taken = createServer();
    await new Promise<void>((ready) => taken.listen(0, '127.0.0.1', ready));
    const folder = tempFolder();
    const env = {
      HOST: '0.0.0.0',
      PORT: String((taken.address() as AddressInfo).port),
      UPSTOX_REDIRECT_URI: redirect,
    };
    const program = start([serverScript], { ...settings(folder), ...env }, folder);
    expect(await program.exited).toBe(1);
    await new Promise((closed) => taken.close(closed));
    expect(program.output).toContain('is taken by another program');
    return program.output;
  }
  afterAll(cleanUp);

  it('should name the risk at start', async () => {
    expect(await printedWith('http://10.0.0.5:5000/callback')).toMatch(
      /HOST 0\.0\.0\.0 can be reached from other machines without https: anyone on the way can read/,
    );
  });

  it('should say nothing of it behind https', async () => {
    expect(await printedWith('https://oi.example.org/callback')).not.toContain('without https');
  });
});
