import { InstrumentsService } from '../../../server/instruments/instruments.service.js';
import { DAY_MS } from '../../../server/domain/units.js';
import { Watching } from '../../../server/snapshot/watching.js';
import { FIRST_KEY, NIFTY, openHouse, type House } from '../../support/house.js';
import { STRIKES } from '../../support/market.js';
import { chainRows, masterFile, NIFTY_INDEX, streamOf } from '../../unit/instruments/master-rows.js';

let house: House;
let watching: Watching;
beforeEach(async () => {
  house = await openHouse();
  watching = house.get(Watching);
  await watching.prepare(NIFTY);
});
afterEach(() => house.close());

describe('a chain that a screen opens', () => {
  it('should need no preparing where another screen has just opened it', async () => {
    expect(watching.isPrepared(NIFTY)).toBe(true);
    expect(await watching.prepare(NIFTY)).toEqual(NIFTY);
  });

  it('should need it under any other name, and where nobody has opened it', () => {
    expect(watching.isPrepared({ ...NIFTY, underlying: 'NIFTY' })).toBe(false);
    expect(watching.isPrepared({ ...NIFTY, expiry: '2026-08-25' })).toBe(false);
    expect(watching.isPrepared({ underlying: 'nobody', expiry: NIFTY.expiry })).toBe(false);
  });

  it('should need it while somebody works on it, and no longer than that', async () => {
    const opening = house.chains.open(NIFTY, house.clock.now());
    expect(watching.isPrepared(NIFTY)).toBe(false);
    await opening;
    await new Promise((resolve) => setImmediate(resolve));
    expect(watching.isPrepared(NIFTY)).toBe(true);
  });

  it('should need it from the next minute on, until that is captured', async () => {
    house.clock.advance(60_000);
    expect(watching.isPrepared(NIFTY)).toBe(false);
    await watching.prepare(NIFTY);
    expect(watching.isPrepared(NIFTY)).toBe(true);
  });

  it('should need it on another day', () => {
    house.clock.advance(DAY_MS);
    expect(watching.isPrepared(NIFTY)).toBe(false);
  });

  it('should need it after a new list, until somebody has looked it up in that', async () => {
    const rows = [NIFTY_INDEX, ...chainRows(NIFTY.expiry, STRIKES, FIRST_KEY)];
    const options = { source: 'test', asOf: house.clock.now() + 1 };
    await house.get(InstrumentsService).importFrom(streamOf(masterFile(rows)), options);
    expect(watching.isPrepared(NIFTY)).toBe(false);
    await watching.prepare(NIFTY);
    expect(watching.isPrepared(NIFTY)).toBe(true);
  });
});
