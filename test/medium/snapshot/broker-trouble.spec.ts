import { SECOND_MS } from '../../../server/domain/units.js';
import type { BrokerErrorKind } from '../../../server/upstox/errors.js';
import { openGate } from '../../support/gate.js';
import { NIFTY, TOKEN, at, openHouse, share, slotAtTime, type House } from '../../support/house.js';
import { brokerError } from '../../support/scripted-broker.js';

let house: House;
afterEach(() => house.close());

/** Ticks every second for so long. */
async function live(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) await house.tick(house.clock.now() + SECOND_MS);
}

describe.each<BrokerErrorKind>(['throttled', 'unreachable', 'bad-answer', 'refused'])(
  'a broker call that fails with %s',
  (kind) => {
    it('should be tried again within the slot, after growing waits', async () => {
      house = await openHouse({ at: at('10:00') });
      house.broker.onChain = () => {
        throw brokerError(kind);
      };
      await house.tick();
      await live(59);
      const seconds = house.broker.chainCalls.map((call) => (call.at - at('10:00')) / SECOND_MS);
      expect(seconds).toEqual([0, 5, 15, 35]);
      expect(house.metrics.captures).toMatchObject({ failed: 4, captured: 0 });
      expect(house.published).toEqual([]);
    });

    it('should end with a capture of the slot once the broker answers', async () => {
      house = await openHouse({ at: at('10:00') });
      const script = house.broker.onChain;
      house.broker.onChain = (call) => {
        if (house.broker.calls() < 3) throw brokerError(kind);
        return script(call);
      };
      await house.tick();
      await live(59);
      expect(house.published.map(({ table }) => table.slot)).toEqual([slotAtTime('10:00')]);
      expect(house.broker.calls()).toBe(3);
      // The next slot is asked for as if nothing had been.
      await live(1);
      expect(house.broker.calls()).toBe(4);
    });

    it('should not hold up other chains', async () => {
      house = await openHouse({ shares: 2 });
      house.registry.enter(share(0));
      house.registry.enter(share(1));
      const script = house.broker.onChain;
      house.broker.onChain = (call) => {
        if (call.chain.underlying === share(0).underlying) throw brokerError(kind);
        return script(call);
      };
      await house.run(3);
      expect(house.published.map(({ chain }) => chain.underlying)).toEqual(
        expect.arrayContaining([share(1).underlying, NIFTY.underlying]),
      );
      expect(house.metrics.captures.captured).toBe(6);
    });
  },
);

it('should not wait for a chain whose call hangs before it captures the others', async () => {
  house = await openHouse({ shares: 1 });
  house.registry.enter(share(0));
  const gate = openGate();
  const script = house.broker.onChain;
  house.broker.onChain = async (call) => {
    if (call.chain.underlying === share(0).underlying) await gate.passed();
    return script(call);
  };
  const hanging = house.tick();
  await gate.reached;
  await house.collector.request(NIFTY);
  await house.tick('10:01');
  expect(house.broker.calls(NIFTY)).toBe(2);
  expect(house.broker.calls(share(0))).toBe(1);
  gate.open();
  await hanging;
  expect(house.metrics.captures.captured).toBe(3);
});

describe('a token that the broker calls dead', () => {
  it('should be out of use at once, and the slot be captured with the other token', async () => {
    house = await openHouse({ at: at('10:00') });
    await house.tokens.add({ userId: 'B', method: 'token', accessToken: 'second-token', expiresAt: null });
    const script = house.broker.onChain;
    house.broker.onChain = (call) => {
      if (call.token === TOKEN) throw brokerError('token-dead');
      return script(call);
    };
    for (let i = 0; i < 3; i++) await house.tick(house.clock.now() + SECOND_MS);
    expect(house.published.map(({ table }) => table.slot)).toEqual([slotAtTime('10:00')]);
    await house.run(5);
    expect(house.broker.chainCalls.filter(({ token }) => token === TOKEN)).toHaveLength(1);
    expect(house.status.current(NIFTY).state).toBe('live');
  });

  it('should leave the last table standing and ask for a sign-in when it was the only one', async () => {
    house = await openHouse();
    await house.run(3);
    const last = await house.chains.latest(NIFTY);
    house.broker.onChain = () => {
      throw brokerError('token-dead');
    };
    await house.tick('10:03');
    await house.tick('10:04');
    expect(house.broker.calls()).toBe(4);
    const status = house.status.current(NIFTY);
    expect(status.state).toBe('sign-in-needed');
    expect(status.message).toContain('token-dead');
    expect(status.lastSlot).toBe(slotAtTime('10:02'));
    expect(await house.chains.latest(NIFTY)).toEqual(last);
  });

  it('should be out of use at once also when candles are refused', async () => {
    house = await openHouse();
    house.broker.onCandles = () => {
      throw brokerError('token-dead');
    };
    await house.tick();
    await house.collector.stop();
    expect(house.tokens.state().hasToken).toBe(false);
  });
});

it('should collect nothing without a token, and say so', async () => {
  house = await openHouse({ signedIn: false });
  await house.tick();
  await house.collector.request(NIFTY);
  expect(house.broker.calls()).toBe(0);
  expect(house.status.current(NIFTY).state).toBe('sign-in-needed');
});

it('should go on after an answer that is no chain at all', async () => {
  house = await openHouse();
  const script = house.broker.onChain;
  const leg = { oi: 1, prevOi: 1, ltp: 1, volume: 1 };
  house.broker.onChain = () => ({
    spot: 1,
    strikes: [
      { strike: 100, call: leg, put: leg },
      { strike: 100, call: leg, put: leg },
    ],
  });
  await house.tick();
  expect(house.metrics.captures.failed).toBe(1);
  house.broker.onChain = script;
  await house.tick('10:01');
  expect(house.published.map(({ table }) => table.slot)).toEqual([slotAtTime('10:01')]);
});
