import { API_BURST } from '../../../server/auth/session.guard.js';
import { API_BURST_AN_ADDRESS } from '../../../server/http/security.js';
import { GUESSES_AN_HOUR_PER_ADDRESS } from '../../../server/auth/guess-limiter.js';
import { type Answer, type Fort, openFort, until } from './fort.js';
import { RawScreen } from './raw-screen.js';

const PASSPHRASE = 'open interest at nine fifteen';
const CONNECTIONS = 5;

interface RawAnswer {
  status: string;
  text: string;
}

let fort: Fort;
afterEach(() => fort.close());

const open = async (env: Record<string, string>): Promise<void> => {
  fort = await openFort({
    env: { MARKET_SWEEP: 'off', VIEWER_PASSPHRASE: PASSPHRASE, CONNECTIONS_PER_ADDRESS: '5', ...env },
  });
};

const enter = (passphrase: string, client: string): Promise<Answer> =>
  fort.ask('/api/auth/passphrase', {
    ...{ method: 'POST', body: { passphrase } },
    headers: { 'x-forwarded-for': client },
  });

describe('S14 a proxy in front', () => {
  it('should keep the viewers of one address out for the wrong guesses of that address only, when it is trusted', async () => {
    await open({ TRUSTED_PROXY: '127.0.0.1' });
    // What stands left of the proxy's own entry is the guesser's word.
    for (let i = 0; i < GUESSES_AN_HOUR_PER_ADDRESS; i++)
      expect((await enter('a wrong guess', `198.51.100.${i}, 203.0.113.5`)).status).toBe(401);
    expect((await enter(PASSPHRASE, '203.0.113.5')).status).toBe(429);
    expect((await enter(PASSPHRASE, '203.0.113.6')).status).toBe(200);
    expect(fort.lines.join('')).toContain('203.0.113.5');
  });

  it('should not be believed, nor written to the log, unless it is trusted', async () => {
    await open({});
    for (let i = 0; i < GUESSES_AN_HOUR_PER_ADDRESS; i++)
      expect((await enter('a wrong guess', `203.0.113.${i}`)).status).toBe(401);
    expect((await enter(PASSPHRASE, '203.0.113.99')).status).toBe(429);
    expect(fort.lines.join('')).not.toContain('203.0.113.');
  });

  it('should not be believed when it is another one than the trusted', async () => {
    await open({ TRUSTED_PROXY: '192.0.2.0/24' });
    for (let i = 0; i < GUESSES_AN_HOUR_PER_ADDRESS; i++) await enter('a wrong guess', `203.0.113.${i}`);
    expect((await enter(PASSPHRASE, '203.0.113.99')).status).toBe(429);
  });
});

describe('S15 REST limits per address and session', () => {
  it('should hold back a sign-in that asks without end, in plain words, and no other', async () => {
    await open({});
    const [greedy, other] = [await fort.signIn(), await fort.signIn()];
    // Nothing has been swept: cheap to answer, and only for who is signed in.
    const answers = await pipelined(2 * API_BURST, '/api/market', `Cookie: ${greedy}\r\n`);
    const served = answers.filter(({ status }) => status === '404');
    expect(served.length).toBeGreaterThanOrEqual(API_BURST);
    const refused = answers.find(({ status }) => status === '429');
    expect(refused?.text).toMatch(/^Retry-After: [1-9]\d*\r$/m);
    expect(refused?.text).toMatch(
      /\{"error":\{"code":"too-many-requests","message":"Too many requests\. Wait \d+ s/,
    );
    expect((await fort.ask('/api/underlyings', { cookie: other })).status).toBe(200);
    await until('the allowance to fill again', async () => {
      return (await fort.ask('/api/quality', { cookie: greedy })).status !== 429;
    });
  });

  it('should hold back an address that asks without end, signed in or not, and no other', async () => {
    await open({ TRUSTED_PROXY: '127.0.0.1' });
    const path = '/api/none';
    const answers = await pipelined(3 * API_BURST_AN_ADDRESS, path, 'X-Forwarded-For: 203.0.113.5\r\n');
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === '404').length).toBeGreaterThanOrEqual(API_BURST_AN_ADDRESS);
    expect(statuses).toContain('429');
    const of = (client: string): Promise<Answer> =>
      fort.ask('/api/auth/session', { headers: { 'x-forwarded-for': client } });
    expect((await of('203.0.113.6')).status).toBe(200);
    expect(await fort.alive()).toBe(true);
  });

  /** Many requests over one connection. @returns their answers, as they came */
  async function pipelined(count: number, path: string, header: string): Promise<RawAnswer[]> {
    const one = (last: boolean): string =>
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${fort.port}\r\n${header}Connection: ${last ? 'close' : 'keep-alive'}\r\n\r\n`;
    const all = Array.from({ length: count }, (_, i) => one(i === count - 1)).join('');
    const text = await fort.tcp((socket) => void socket.write(all));
    const parts = text.split(/(?=HTTP\/1\.1 \d{3} )/);
    return parts.map((part) => ({ status: part.slice(9, 12), text: part }));
  }
});

describe('S21 connections per address', () => {
  const from = (cookie: string, client: string): Promise<RawScreen> =>
    RawScreen.open(fort.url, { cookie, origin: fort.url, 'x-forwarded-for': client });

  it('should be capped through a trusted proxy, and for nobody else', async () => {
    await open({ TRUSTED_PROXY: '127.0.0.1' });
    const cookie = await fort.signIn();
    const mine: RawScreen[] = [];
    for (let i = 0; i < CONNECTIONS; i++) mine.push(await from(cookie, '203.0.113.5'));
    await expect(from(cookie, '203.0.113.5')).rejects.toThrow('refused');
    await expect(from(cookie, `203.0.113.7, 203.0.113.5`)).rejects.toThrow('refused');
    (await from(cookie, '203.0.113.6')).close();
    mine[0]!.close();
    await until('room again', () =>
      from(cookie, '203.0.113.5').then(
        (screen) => (screen.close(), true),
        () => false,
      ),
    );
    for (const screen of mine) screen.close();
  });

  it('should not be capped for this machine, where everybody behind an undeclared proxy comes from', async () => {
    await open({});
    const cookie = await fort.signIn();
    const all = await Promise.all(Array.from({ length: 3 * CONNECTIONS }, () => from(cookie, '203.0.113.5')));
    for (const screen of all) screen.close();
  });
});
