import type { ChainQuote, StrikeQuote } from '../../../server/domain/snapshot.js';
import { QualityService } from '../../../server/snapshot/quality-service.js';
import { DAY, NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';
import { marketQuote } from '../../support/market.js';
import type { ChainCall } from '../../support/scripted-broker.js';

let house: House;
afterEach(() => house.close());

const allZero = ({ chain, slot }: ChainCall): ChainQuote =>
  eachLeg(marketQuote(chain, slot), (leg) => ({ ...leg, oi: 0 }));
const stale = ({ chain }: ChainCall): ChainQuote => marketQuote(chain, slotAtTime('09:20'));

function eachLeg(
  quote: ChainQuote,
  change: (leg: NonNullable<StrikeQuote['call']>) => StrikeQuote['call'],
): ChainQuote {
  const side = (leg: StrikeQuote['call']) => (leg ? change(leg) : null);
  return {
    ...quote,
    strikes: quote.strikes.map((row) => ({ ...row, call: side(row.call), put: side(row.put) })),
  };
}

async function restart(time: string): Promise<void> {
  const { onChain } = house.broker;
  await house.close(true);
  house = await openHouse({ dir: house.dir, at: time });
  house.broker.onChain = onChain;
}

const accepted = (): number[] => house.published.map(({ table }) => table.slot);

describe.each([
  ['all-zero', allZero],
  ['stale-volume', stale],
] as const)('suspect answers (%s)', (reason, suspect) => {
  it('should be refused three times in a row and then believed', async () => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = suspect;
    for (const time of ['10:01', '10:02', '10:03']) await house.tick(time);
    expect(house.metrics.captures.refused).toBe(3);
    expect(accepted()).toEqual([slotAtTime('10:00')]);
    await house.tick('10:04');
    expect(accepted()).toEqual(['10:00', '10:04'].map(slotAtTime));
    const { chains } = await house.get(QualityService).report(DAY);
    expect(chains[0]!.refusals.map((refusal) => refusal.reason)).toEqual([reason, reason, reason]);
  });

  it.each(['10:01', '10:02', '10:03'])('should be counted across a restart after %s', async (last) => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = suspect;
    for (const time of ['10:01', '10:02', '10:03', '10:04']) {
      await house.tick(time);
      expect(house.published.some(({ table }) => table.slot === slotAtTime(time))).toBe(time === '10:04');
      if (time === last) await restart(time);
    }
    const { chains } = await house.get(QualityService).report(DAY);
    expect(chains[0]).toMatchObject({ captured: 2, refused: 3 });
  });

  it('should be asked for once a slot, also after a restart within the slot', async () => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = suspect;
    await house.tick('10:01');
    await house.tick();
    expect(house.broker.calls()).toBe(2);
    await restart('10:01');
    await house.chains.open(NIFTY, house.clock.now());
    await house.tick();
    expect(house.broker.calls()).toBe(0);
    expect(house.status.current(NIFTY).quality).toMatchObject({ captured: 1, refused: 1, expected: 2 });
  });

  it('should settle the slot: a better answer for it changes nothing', async () => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = suspect;
    await house.tick('10:01');
    const { outcome } = await house.chains.record(
      NIFTY,
      marketQuote(NIFTY, slotAtTime('10:01')),
      house.clock.now() + 10_000,
    );
    expect(outcome).toBe('skipped');
    expect(house.status.current(NIFTY).quality).toMatchObject({ captured: 1, refused: 1 });
  });
});

describe('a leg that falls to 0 without trading', () => {
  const still = ({ chain }: ChainCall): ChainQuote => {
    const quote = marketQuote(chain, slotAtTime('10:00'));
    const strikes = quote.strikes.map((row, i) =>
      i === 1 && row.call ? { ...row, call: { ...row.call, oi: 0 } } : row,
    );
    return { ...quote, strikes };
  };

  it.each([false, true])('should be unknown, not 0 (restart between: %s)', async (restarted) => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = still;
    await house.tick('10:01');
    if (restarted) await restart('10:02');
    await house.tick('10:02');
    const leg = (await house.chains.latest(NIFTY))!.rows[1]!.call!;
    expect(leg.oi).toBeNull();
    expect(leg.reasons).toEqual(Array.from({ length: 5 }, () => 'oi-unknown'));
    const { chains } = await house.get(QualityService).report(DAY);
    // In these three slots the market gives one other leg no OI.
    expect(chains[0]!.unknownLegs).toBe(2 + 3);
  });

  it('should be 0 once its volume has risen', async () => {
    house = await openHouse();
    await house.tick();
    house.broker.onChain = (call) => {
      const quote = still(call);
      return eachLeg(quote, (leg) => (leg.oi === 0 ? { ...leg, volume: (leg.volume ?? 0) + 65 } : leg));
    };
    await house.tick('10:01');
    expect((await house.chains.latest(NIFTY))!.rows[1]!.call!.oi).toBe(0);
  });
});
