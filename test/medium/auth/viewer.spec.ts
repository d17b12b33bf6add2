import {
  GUESSES_AN_HOUR,
  GUESSES_AN_HOUR_PER_ADDRESS,
  GuessLimiter,
} from '../../../server/auth/guess-limiter.js';
import { ViewerAccess } from '../../../server/auth/viewer-access.js';
import { ManualClock } from '../../../server/clock/clock.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { errorCode, type House, jar, json, openHouse } from './house.js';

const PASSPHRASE = 'open interest at nine fifteen';
const HOUR = 3_600_000;

describe('the viewer passphrase', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse({ VIEWER_PASSPHRASE: PASSPHRASE });
  });
  afterEach(() => house.close());

  const enter = (passphrase: unknown, cookie = '') =>
    house.post('/api/auth/passphrase', { body: { passphrase }, cookie });

  it('should let a person in who sees tables and nothing of tokens', async () => {
    const id = await house.tokens.add({ accessToken: 'a', userId: 'U1', method: 'token', expiresAt: 9e12 });
    expect(id).toBeDefined();
    const answer = await enter(PASSPHRASE);
    expect(json(answer)).toMatchObject({
      signedIn: true,
      method: 'viewer',
      name: 'Viewer',
      tokenExpiresAt: null,
    });
    expect((await house.get('/api/probe', { cookie: jar(answer) })).status).toBe(200);
  });

  it('should be offered on the login page, and only where the owner has set one', async () => {
    expect(json(await house.get('/api/auth/session'))).toMatchObject({ viewerPassphrase: true });
    const without = await openHouse();
    try {
      expect(json(await without.get('/api/auth/session'))).toMatchObject({ viewerPassphrase: false });
      const answer = await without.post('/api/auth/passphrase', { body: { passphrase: PASSPHRASE } });
      expect([answer.status, errorCode(answer)]).toEqual([403, 'forbidden']);
    } finally {
      await without.close();
    }
  });

  it('should not sign the broker out when a viewer signs out', async () => {
    await house.tokens.add({ accessToken: 'a', userId: 'U1', method: 'token', expiresAt: null });
    const cookie = jar(await enter(PASSPHRASE));
    await house.post('/api/auth/logout', { cookie });
    expect(house.tokens.current()?.accessToken).toBe('a');
    expect(house.broker.loggedOut).toEqual([]);
    expect((await house.get('/api/probe', { cookie })).status).toBe(401);
  });

  it.each([['wrong passphrase!'], [PASSPHRASE.toUpperCase()], [`${PASSPHRASE} `], ['x']])(
    'should refuse %j',
    async (guess) => {
      const answer = await enter(guess);
      expect([answer.status, errorCode(answer), answer.cookies]).toEqual([401, 'wrong-passphrase', []]);
    },
  );

  it.each([[''], [5], [null], [['a']], ['x'.repeat(257)], [{ $ne: '' }]])(
    'should refuse the form %j',
    async (guess) => {
      expect((await enter(guess)).status).toBe(400);
    },
  );

  it('should be limited per address, also for the right one, until an hour has passed', async () => {
    for (let i = 0; i < GUESSES_AN_HOUR_PER_ADDRESS; i += 1)
      expect((await enter('wrong guess')).status).toBe(401);
    expect(errorCode(await enter(PASSPHRASE))).toBe('too-many-requests');
    house.clock.advance(HOUR);
    expect((await enter(PASSPHRASE)).status).toBe(200);
  });

  it('should not use up the guesses of those who know it', async () => {
    for (let i = 0; i < GUESSES_AN_HOUR_PER_ADDRESS + 5; i += 1)
      expect((await enter(PASSPHRASE)).status).toBe(200);
  });

  it('should be in no log line and no byte of the database folder', async () => {
    await enter(PASSPHRASE);
    await enter('a wrong passphrase with s3cret');
    const dump = JSON.stringify(await house.database.dataSource.query('SELECT * FROM sign_in'));
    expect(house.lines.join('\n') + dump).not.toMatch(/nine fifteen|s3cret/);
    expect(dump).toContain('viewer');
  });
});

describe('ViewerAccess', () => {
  it('should check at most 100 of 10,000 guesses that 100 addresses make in an hour', async () => {
    const clock = new ManualClock(0);
    const access = new ViewerAccess(new GuessLimiter(clock), loadConfig({ VIEWER_PASSPHRASE: PASSPHRASE }));
    const answers = { checked: 0, limited: 0 };
    for (let guess = 0; guess < 10_000; guess += 1) {
      clock.advance(359);
      const status = await access
        .enter(`guess ${guess}`, `10.0.0.${guess % 100}`)
        .catch((error: unknown) => error);
      if ((status as { code: string }).code === 'wrong-passphrase') answers.checked += 1;
      else answers.limited += 1;
    }
    expect(answers.checked).toBe(GUESSES_AN_HOUR);
    expect(answers.limited).toBe(10_000 - GUESSES_AN_HOUR);
  });
});
