import { BrokerError } from '../../../server/upstox/errors.js';
import { UnattendedTokens } from '../../../server/auth/unattended-tokens.js';
import { type House, jar, json, openHouse, START } from './house.js';

const DAY = 86_400_000;
const houses: House[] = [];
async function open(env: Record<string, string> = {}, beside?: House): Promise<House> {
  const house = await openHouse(env, beside?.database.dir);
  house.broker.profiles.set('opaque-yearly', { userId: 'AB1234', userName: 'Asha Rao' });
  houses.push(house);
  return house;
}
afterEach(async () => {
  for (const house of houses.splice(0).reverse()) await house.close();
});

const paste = (house: House, accessToken: string) => house.post('/api/auth/token', { body: { accessToken } });
const signOut = (house: House, cookie: string) => house.post('/api/auth/logout', { cookie });
const give = (house: House, token: string) => house.app.get(UnattendedTokens).add(token);

describe('a token whose end is not known', () => {
  it('should not be taken to die at 03:30 IST, nor ever by the clock', async () => {
    const house = await open();
    const answer = await paste(house, 'opaque-yearly');
    expect(json(answer)).toMatchObject({ signedIn: true, tokenExpiresAt: null });
    house.clock.advance(200 * DAY);
    expect(house.tokens.current()?.accessToken).toBe('opaque-yearly');
    expect(house.tokens.state()).toEqual({ hasToken: true, expiresAt: null, reason: null });
  });

  it('should live until the broker answers 401', async () => {
    const house = await open();
    await paste(house, 'opaque-yearly');
    house.tokens.markDead({ accessToken: 'opaque-yearly', userId: 'AB1234' }, 'Sign in again.');
    expect(house.tokens.state()).toEqual({ hasToken: false, expiresAt: null, reason: 'Sign in again.' });
  });
});

describe('a token that was given to the server', () => {
  it('should survive the sign-out of a person who pasted the one of UPSTOX_ACCESS_TOKEN', async () => {
    const house = await open({ UPSTOX_ACCESS_TOKEN: 'opaque-yearly' });
    const cookie = jar(await paste(house, 'opaque-yearly'));
    await signOut(house, cookie);
    expect(house.tokens.current()?.accessToken).toBe('opaque-yearly');
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toEqual([]);
  });

  it('should survive when the person had stored it before it was given', async () => {
    const house = await open();
    const cookie = jar(await paste(house, 'opaque-yearly'));
    await give(house, 'opaque-yearly');
    await house.tokens.refresh();
    await signOut(house, cookie);
    expect(house.tokens.current()?.accessToken).toBe('opaque-yearly');
    const again = await open({ UPSTOX_ACCESS_TOKEN: 'opaque-yearly' }, house);
    expect(again.tokens.state().hasToken).toBe(true);
  });

  it('should go on in the demo when everybody has signed out', async () => {
    const house = await open({ UPSTOX_API_URL: 'http://127.0.0.1:9', UPSTOX_ACCESS_TOKEN: 'demo' });
    const cookie = jar(await paste(house, 'demo'));
    await signOut(house, cookie);
    expect(house.tokens.current()?.accessToken).toBe('demo');
  });

  it('should not be revoked at the broker', async () => {
    const house = await open({ UPSTOX_ACCESS_TOKEN: 'opaque-yearly' });
    await signOut(house, jar(await paste(house, 'opaque-yearly')));
    expect(house.broker.loggedOut).toEqual([]);
  });
});

describe('token add', () => {
  it('should be taken up by a running server at its next re-reading, without a restart', async () => {
    const server = await open();
    const cli = await open({}, server);
    let told = 0;
    server.tokens.onChange(() => (told += 1));
    expect(await give(cli, ' opaque-yearly\n')).toMatchObject({
      userId: 'AB1234',
      method: 'cli',
      expiresAt: null,
    });
    expect(server.tokens.current()).toBeNull();
    expect(await server.tokens.refresh()).toBe(true);
    expect(server.tokens.current()?.accessToken).toBe('opaque-yearly');
    expect(told).toBe(1);
    expect(await server.tokens.refresh()).toBe(false);
  });

  it('should store the token sealed, and list it without it', async () => {
    const house = await open();
    await give(house, 'opaque-yearly');
    const listed = await house.app.get(UnattendedTokens).list();
    expect(listed).toEqual([
      {
        id: expect.any(String) as string,
        userId: 'AB1234',
        method: 'cli',
        createdAt: START,
        expiresAt: null,
        deadReason: null,
      },
    ]);
    const rows = JSON.stringify(await house.database.dataSource.query('SELECT * FROM broker_token'));
    expect(rows + JSON.stringify(listed) + house.lines.join()).not.toContain('opaque-yearly');
  });

  it.each([
    ['the broker refuses it', 'unknown'],
    ['it is empty', ' \n'],
    ['it is two lines', 'a\nb'],
  ])('should store nothing when %s', async (_what, typed) => {
    const house = await open();
    await expect(give(house, typed)).rejects.toThrow();
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toEqual([]);
  });

  it('should store nothing when the broker cannot be asked', async () => {
    const house = await open();
    house.broker.profiles.set('opaque-yearly', new BrokerError('unreachable', 'No answer.'));
    await expect(give(house, 'opaque-yearly')).rejects.toThrow('No answer.');
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toEqual([]);
  });
});

describe('token remove', () => {
  it('should take the token from a running server at its next re-reading', async () => {
    const server = await open();
    const cli = await open({}, server);
    const { id } = await give(cli, 'opaque-yearly');
    await server.tokens.refresh();
    expect((await cli.app.get(UnattendedTokens).remove(id.slice(0, 8))).id).toBe(id);
    await server.tokens.refresh();
    expect(server.tokens.state().hasToken).toBe(false);
  });

  it('should say so when there is no such token, and take nothing at an empty name', async () => {
    const house = await open();
    await give(house, 'opaque-yearly');
    await expect(house.app.get(UnattendedTokens).remove('zzzz')).rejects.toThrow('There is no token zzzz');
    await expect(house.app.get(UnattendedTokens).remove('')).rejects.toThrow('There is no token');
  });
});

describe('a re-reading of the store', () => {
  it('should bring back no token that was found dead or signed out meanwhile', async () => {
    const house = await open();
    const cookie = jar(await paste(house, 'opaque-yearly'));
    const reading = house.tokens.refresh();
    house.tokens.markDead({ accessToken: 'opaque-yearly', userId: 'AB1234' }, 'dead');
    await reading;
    expect(house.tokens.current()).toBeNull();
    await signOut(house, cookie);
    await house.tokens.refresh();
    expect(house.tokens.current()).toBeNull();
  });

  it('should lose no token that comes in meanwhile', async () => {
    const house = await open();
    const reading = house.tokens.refresh();
    await house.tokens.add({ accessToken: 'b', userId: 'U2', method: 'token', expiresAt: null });
    await reading;
    expect(house.tokens.current()?.accessToken).toBe('b');
  });

  it('should leave the token of the environment in its place', async () => {
    const house = await open({ UPSTOX_ACCESS_TOKEN: 'unattended' });
    await house.tokens.refresh();
    expect(house.tokens.current()?.accessToken).toBe('unattended');
  });
});
