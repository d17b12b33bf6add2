import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vaultKey } from '../../../server/auth/vault-key.js';
import { type House, openHouse, START } from './house.js';

const HOUR = 3_600_000;
const houses: House[] = [];

async function open(env: Record<string, string> = {}, dir?: string): Promise<House> {
  const house = await openHouse(env, dir);
  houses.push(house);
  return house;
}
/** The same database, as after a restart. */
const restart = (house: House, env: Record<string, string> = {}): Promise<House> =>
  open(env, house.database.dir);
afterEach(async () => {
  for (const house of houses.splice(0).reverse()) await house.close();
});

const token = (accessToken: string, userId = 'U1', expiresAt: number | null = START + HOUR) =>
  ({ accessToken, userId, method: 'token', expiresAt }) as const;
const take = (house: House, times: number) =>
  Array.from({ length: times }, () => house.tokens.current()?.accessToken);

describe('TokenPool', () => {
  it('should have nothing to give at first', async () => {
    const { tokens } = await open();
    expect(tokens.current()).toBeNull();
    expect(tokens.state()).toEqual({ hasToken: false, expiresAt: null, reason: null });
  });

  it('should spread the calls over users, also when one comes later', async () => {
    const house = await open();
    await house.tokens.add(token('a', 'U1'));
    expect(take(house, 10)).toEqual(Array(10).fill('a'));
    await house.tokens.add(token('b', 'U2'));
    expect(take(house, 6)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('should drop a dead token at once and go on with the next', async () => {
    const house = await open();
    await house.tokens.add(token('a', 'U1'));
    await house.tokens.add(token('b', 'U2'));
    house.tokens.markDead({ accessToken: 'a', userId: 'U1' }, 'The broker refused it.');
    expect(take(house, 3)).toEqual(['b', 'b', 'b']);
    house.tokens.markDead({ accessToken: 'b', userId: 'U2' }, 'The broker refused it.');
    expect(house.tokens.state()).toEqual({
      hasToken: false,
      expiresAt: null,
      reason: 'The broker refused it.',
    });
  });

  it('should keep a dead token dead over a restart, and drop what was stored of it', async () => {
    const house = await open();
    await house.tokens.add(token('a'));
    house.tokens.markDead({ accessToken: 'a', userId: 'U1' }, 'The broker refused it.');
    await house.database.writeQueue.idle();
    const again = await restart(house);
    expect(again.tokens.current()).toBeNull();
    expect(
      await again.database.dataSource.query('SELECT dead_at, length(cipher) AS n FROM broker_token'),
    ).toEqual([{ dead_at: START, n: 0 }]);
  });

  it('should let tokens die by the clock', async () => {
    const house = await open();
    await house.tokens.add(token('a', 'U1', START + HOUR));
    await house.tokens.add(token('b', 'U2', START + 2 * HOUR));
    expect(house.tokens.state().expiresAt).toBe(START + 2 * HOUR);
    house.clock.advance(HOUR);
    expect(take(house, 2)).toEqual(['b', 'b']);
    house.clock.advance(HOUR);
    expect(house.tokens.state()).toEqual({
      hasToken: false,
      expiresAt: null,
      reason: 'The broker sign-in has expired.',
    });
  });

  it('should tell listeners of every change, until they stop listening', async () => {
    const house = await open();
    const seen: boolean[] = [];
    const stop = house.tokens.onChange(() => seen.push(house.tokens.state().hasToken));
    const id = await house.tokens.add(token('a'));
    await house.tokens.forget(id);
    await house.tokens.add(token('b'));
    house.tokens.markDead({ accessToken: 'b', userId: 'U1' }, 'dead');
    house.tokens.markDead({ accessToken: 'b', userId: 'U1' }, 'dead');
    stop();
    await house.tokens.add(token('c'));
    expect(seen).toEqual([true, false, true, false]);
  });

  it('should have the token of the environment from the start, and never store it', async () => {
    const house = await open({ UPSTOX_ACCESS_TOKEN: 'unattended' });
    expect(house.tokens.current()).toEqual({ accessToken: 'unattended', userId: 'environment' });
    expect(await house.database.dataSource.query('SELECT id FROM broker_token')).toEqual([]);
  });
});

describe('S10, S11 the vault of the tokens', () => {
  it('should make a key file that nobody else can read, and keep it', async () => {
    const house = await open();
    const file = join(house.database.dir, 'tracker.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = await readFile(file, 'utf8');
    await restart(house);
    expect(await readFile(file, 'utf8')).toBe(key);
  });

  it('should close a key file that others can read, and say so', async () => {
    const house = await open();
    const file = join(house.database.dir, 'tracker.key');
    await chmod(file, 0o644);
    const again = await restart(house);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(again.lines.join('\n')).toContain('could be read by other users');
  });

  it('should be one key however many processes make it at once', async () => {
    const house = await open();
    const database = { kind: 'sqlite', file: join(house.database.dir, 'new', 'tracker.db') } as const;
    const keys = await Promise.all(Array.from({ length: 8 }, () => vaultKey({ secret: null, database })));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  it('should refuse to start with a key file that is not one, and leave it alone', async () => {
    const house = await open();
    const file = join(house.database.dir, 'tracker.key');
    await writeFile(file, 'torn');
    await expect(vaultKey(house.config)).rejects.toThrow(/tracker\.key is not a key file/);
    expect(await readFile(file, 'utf8')).toBe('torn');
  });

  it('should take the key from TRACKER_SECRET, the same one at every start', async () => {
    const secret = { TRACKER_SECRET: 'correct horse battery staple' };
    const house = await open(secret);
    await house.tokens.add(token('a'));
    expect((await restart(house, secret)).tokens.current()?.accessToken).toBe('a');
    await expect(stat(join(house.database.dir, 'tracker.key'))).rejects.toThrow('ENOENT');
  });

  it('should ask for a sign-in under a wrong key, and have the token back under the right one', async () => {
    const house = await open({ TRACKER_SECRET: 'correct horse battery staple' });
    await house.tokens.add(token('a'));
    const wrong = await restart(house, { TRACKER_SECRET: 'another horse battery staple' });
    expect(wrong.tokens.current()).toBeNull();
    expect(wrong.tokens.state().reason).toMatch(/cannot be read with the present key/);
    const right = await restart(house, { TRACKER_SECRET: 'correct horse battery staple' });
    expect(right.tokens.current()?.accessToken).toBe('a');
  });

  it('should seal with the new key alone after a change of it, and leave nothing that needs the old one', async () => {
    const [old, fresh] = [
      { TRACKER_SECRET: 'correct horse battery staple' },
      { TRACKER_SECRET: 'fresh horse battery staple' },
    ];
    const house = await open(old);
    await house.tokens.add(token('under-the-old-key'));
    const changed = await restart(house, fresh);
    expect(changed.tokens.current()).toBeNull();
    await changed.tokens.add(token('under-the-new-key', 'U2'));
    const again = await restart(house, fresh);
    expect(take(again, 4)).toEqual(Array(4).fill('under-the-new-key'));
    const bytes = await readFile(join(house.database.dir, 'tracker.db'), 'latin1');
    expect(bytes).not.toMatch(/under-the-(old|new)-key/);
    // What the old key sealed opens under it again, and what the new one sealed does not.
    expect(take(await restart(house, old), 4)).toEqual(Array(4).fill('under-the-old-key'));
  });

  it.each([
    [
      'a changed byte',
      'UPDATE broker_token SET cipher = CAST(substr(cipher, 2) || substr(cipher, 1, 1) AS BLOB)',
    ],
    ['text in place of bytes', "UPDATE broker_token SET cipher = 'a text of more than sixteen characters'"],
    ['a token moved to another row', 'UPDATE broker_token SET user_id = user_id || 2'],
    ['a nonce lost', "UPDATE broker_token SET nonce = X''"],
  ])('should ask for a sign-in after %s', async (_what, damage) => {
    const house = await open();
    await house.tokens.add(token('a'));
    await house.database.dataSource.query(damage);
    const again = await restart(house);
    expect(again.tokens.current()).toBeNull();
    expect(again.tokens.state().reason).toMatch(/Please sign in again/);
  });
});
