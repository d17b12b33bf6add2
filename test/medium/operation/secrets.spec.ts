import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  cleanUp,
  runCli,
  settings,
  startServer,
  tempFolder,
  until,
  type House,
} from '../../support/harness.js';
import { closeSockets, connect, cookiesOf, request } from '../../support/harness-client.js';

const ENVIRONMENT = 'planted-environment-t0ken';
const PASTED = 'planted-pasted-t0ken';
const SECRETS = {
  UPSTOX_ACCESS_TOKEN: ENVIRONMENT,
  UPSTOX_CLIENT_ID: 'the-api-key',
  UPSTOX_CLIENT_SECRET: 'planted-client-s3cret',
  TRACKER_SECRET: 'planted tracker s3cret',
  VIEWER_PASSPHRASE: 'planted viewer passphrase',
};

/** A broker at its worst: every error quotes the whole request, headers and body. */
function talkativeBroker(): Server {
  return createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const token = request.headers.authorization ?? '';
      const good = request.url?.includes('/user/profile') && token.includes(PASTED);
      const quoted = `no: ${request.url} ${JSON.stringify(request.headers)} ${body}`;
      response.writeHead(good ? 200 : 400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          good
            ? { status: 'success', data: { user_id: 'AB1234', user_name: 'Asha Rao' } }
            : { status: 'error', errors: [{ errorCode: 'UDAPI1', message: quoted }], [quoted]: quoted },
        ),
      );
    });
  });
}

describe('S12, S32 secrets of a running server', () => {
  let broker: Server;
  let house: House;
  const told: string[] = [];

  beforeAll(async () => {
    broker = talkativeBroker();
    await new Promise<void>((ready) => broker.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(broker.address() as AddressInfo).port}`;
    const addresses = { UPSTOX_API_URL: url, UPSTOX_LOGIN_URL: url, UPSTOX_ASSETS_URL: url };
    house = await startServer({ ...addresses, ...SECRETS }, tempFolder());
    await until('the server to have asked the broker', () => house.program.output.includes('calendar'));
    await exercise();
    const env = { ...settings(house.folder), ...addresses, ...SECRETS };
    for (const command of [['doctor'], ['token', 'list'], ['backup', '--out', join(house.folder, 'copy.db')]])
      told.push((await runCli(command, env)).output);
    await house.program.stop();
    told.push(house.program.output);
  });
  afterAll(async () => {
    closeSockets();
    await cleanUp();
    broker.closeAllConnections();
    await new Promise((closed) => broker.close(closed));
  });

  /** Everything that answers anybody, and every way in, right and wrong. */
  async function exercise(): Promise<void> {
    const post = async (path: string, body: unknown, cookie?: string): Promise<Headers> => {
      const answer = await request<unknown>(house.url, path, { method: 'POST', body, cookie });
      told.push(
        JSON.stringify(answer.body) +
          JSON.stringify([...answer.headers].filter(([name]) => name !== 'set-cookie')),
      );
      return answer.headers;
    };
    const cookie = cookiesOf(await post('/api/auth/token', { accessToken: PASTED }));
    await post('/api/auth/token', { accessToken: 'planted-wrong-t0ken' });
    await post('/api/auth/passphrase', { passphrase: SECRETS.VIEWER_PASSPHRASE });
    await post('/api/auth/passphrase', { passphrase: 'planted wrong passphrase' });
    await request(house.url, '/api/auth/login', { method: 'POST', body: {} });
    const paths = [
      '/api/auth/session',
      '/health/ready',
      '/health/live',
      '/metrics',
      '/api/quality',
      '/api/underlyings',
    ];
    for (const path of [...paths, `/callback?code=planted-c0de&state=${'s'.repeat(43)}`])
      told.push(JSON.stringify((await request<unknown>(house.url, path, { cookie })).body));
    const socket = await connect(house.url, { cookie, origin: house.url });
    const heard: unknown[] = [];
    socket.onAny((...event: unknown[]) => heard.push(event));
    await new Promise((resolve) => {
      socket.emit('chain:watch', { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' }, resolve);
    });
    told.push(JSON.stringify(heard));
  }

  it('should be in no log line, no answer, no metric, no socket payload and no output of a command', () => {
    expect(told.join('\n')).not.toMatch(/planted/i);
    // The search would have found them: what is no secret is there.
    expect(told.join('\n')).toContain('AB1234 signed in (token)');
  });

  it('should be in no byte of the database, its log and its backup', async () => {
    const files = await readdir(house.folder);
    expect(files).toEqual(expect.arrayContaining(['tracker.db', 'copy.db']));
    for (const file of files) {
      const bytes = await readFile(join(house.folder, file), 'latin1');
      expect([file, /planted/i.test(bytes)]).toEqual([file, false]);
      if (file === 'copy.db') expect(bytes).toContain('AB1234');
    }
  });
});
