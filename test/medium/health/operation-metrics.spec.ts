import { VERSION } from '../../../server/upstox/version.js';
import { NIFTY, TOKEN, openHouse, type House } from '../../support/house.js';

let house: House;
beforeEach(async () => {
  house = await openHouse({ listening: true });
});
afterEach(() => house.close());

const metrics = async (): Promise<string> => (await fetch(`${house.base()}/metrics`)).text();

it('should say which version runs', async () => {
  expect(await metrics()).toContain(`oi_build_info{version="${VERSION}",node="${process.versions.node}"} 1`);
});

it('should give the age of the newest capture of each pinned chain, which grows while none comes', async () => {
  const age = async (): Promise<number> => {
    const line = `oi_last_capture_age_seconds{underlying="${NIFTY.underlying}",expiry="${NIFTY.expiry}"} `;
    const found = (await metrics()).split('\n').find((one) => one.startsWith(line));
    return Number(found?.slice(line.length));
  };
  expect(await age()).toBeNaN();
  await house.tick();
  expect(await age()).toBe(0);
  house.clock.advance(95_000);
  expect(await age()).toBe(95);
});

it('should say whether there is a usable broker token', async () => {
  expect(await metrics()).toMatch(/^oi_broker_signed_in 1$/m);
  house.tokens.markDead({ accessToken: TOKEN, userId: 'A' }, 'dead');
  expect(await metrics()).toMatch(/^oi_broker_signed_in 0$/m);
});

it('should name its metrics by the conventions of Prometheus: a unit or a total at the end, counters with _total', async () => {
  const types = [...(await metrics()).matchAll(/^# TYPE (oi_\S+) (\S+)$/gm)].map(([, name, type]) => ({
    name,
    type,
  }));
  expect(types.length).toBeGreaterThan(9);
  for (const { name, type } of types) {
    expect(name).toMatch(/^oi_[a-z]+(_[a-z]+)*$/);
    expect([name, name!.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|percent)(_|$)/);
  }
});
