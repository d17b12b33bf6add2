import { Feed } from '../../../server/snapshot/feed.js';
import { NIFTY, NIFTY_NEXT, openFaultyHouse, type FaultyHouse } from '../../support/faulty-house.js';
import { closeSockets } from '../../support/sockets.js';

/** F42: an error that nobody thought of, in one chain or one listener. F41 is tried in test/medium/operation/shutdown.spec.ts. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

describe('F42 an unexpected error in one chain', () => {
  it('should stay with that chain, be in the log with its stack, and be over when its cause is', async () => {
    house = await openFaultyHouse();
    const [broken, whole] = [await house.screen(NIFTY), await house.screen(NIFTY_NEXT)];
    await house.minutes(2);
    const { chains } = house;
    const { record } = chains;
    chains.record = (chain, ...rest) => {
      if (chain.expiry === NIFTY.expiry) throw new TypeError('cannot read properties of undefined');
      return record.call(chains, chain, ...rest);
    };
    for (const minute of ['09:17', '09:18', '09:19', '09:20']) await house.at(minute);
    expect(await house.stored(NIFTY)).toEqual(['09:15', '09:16']);
    expect(await house.stored(NIFTY_NEXT)).toContain('09:20');
    expect(house.logged('error', 'outcome=failed', 'cannot read properties').length).toBeGreaterThan(0);
    expect(house.logged('error').every((line) => line.includes(NIFTY.expiry))).toBe(true);
    expect((await broken.look()).state).toBe('stale');
    expect((await whole.look()).state).toMatch(/live|back-filling/);
    chains.record = record;
    await house.live(61);
    await house.rebuilt();
    expect(await broken.look()).toMatchObject({ state: 'live', quality: { missed: 0 } });
  });

  it('should not be made by a listener of the feed: the others are told all the same', async () => {
    house = await openFaultyHouse();
    house.get(Feed).onTable(() => {
      throw new Error('a listener that fails');
    });
    const screen = await house.screen();
    await house.minutes(3);
    await screen.look();
    expect(screen.table).toEqual(await house.chains.latest(NIFTY));
    expect(screen.frames.length).toBeGreaterThanOrEqual(2);
    expect(house.logged('error', 'A listener of the feed failed').length).toBeGreaterThanOrEqual(2);
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
  });
});
