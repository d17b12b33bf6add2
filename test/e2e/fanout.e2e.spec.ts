import { jest } from '@jest/globals';
import { cleanUp, startDemo, until } from '../support/harness.js';
import { liveTables, nearestChain } from '../support/harness-chains.js';
import { closeSockets, metric, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

interface Counts {
  asked: number;
  captured: number;
  computed: number;
  encoded: number;
}

describe('one update for everybody', () => {
  let visitor: Visitor;
  let screens: Watcher[];

  beforeAll(async () => {
    // Nothing is collected but what the screens open.
    const { url } = await startDemo(['--rate', '20'], undefined, { PINNED: ',' });
    visitor = await Visitor.enter(url);
    const nifty = await nearestChain(visitor, 'NIFTY');
    const bankNifty = await nearestChain(visitor, 'BANKNIFTY');
    screens = [];
    for (const chain of [nifty, nifty, bankNifty])
      screens.push(await Watcher.open(await visitor.socket(), chain));
    // Back-filling is over once two live slots have come after one another everywhere.
    for (const screen of screens) await screen.slots(3, 90_000);
    await until('the end of back-filling', () =>
      screens.every(({ statuses }) => statuses.at(-1)?.state === 'live'),
    );
  });

  afterAll(async () => {
    closeSockets();
    await cleanUp();
  });

  const read = async (): Promise<Counts> => ({
    asked: await metric(visitor, 'oi_broker_calls_total', { api: 'option-chain' }),
    captured: await metric(visitor, 'oi_captures_total', { outcome: 'captured' }),
    computed: await metric(visitor, 'oi_tables_computed_total'),
    encoded: await metric(visitor, 'oi_frames_encoded_total'),
  });

  /** Counts taken right after a push has reached every screen, when nothing is under way until the next minute. */
  async function afterNextPush(): Promise<Counts & { slots: number[] }> {
    const before = screens.map((screen) => screen.table?.slot ?? 0);
    const slots = await Promise.all(
      screens.map(async (screen, i) => {
        const table = await screen.when('the next push', ({ slot }) => slot > (before[i] ?? 0));
        return table.slot;
      }),
    );
    return { ...(await read()), slots };
  }

  it('should cost one broker call, one computation and one encoding a chain and slot', async () => {
    const from = await afterNextPush();
    for (let push = 0; push < 3; push++) await afterNextPush();
    const to = await afterNextPush();
    const minutes = to.slots.map((slot, i) => (slot - (from.slots[i] ?? 0)) / 60_000);
    expect(new Set(minutes).size).toBe(1);
    const updates = 2 * (minutes[0] ?? 0);
    expect(updates).toBeGreaterThanOrEqual(8);
    expect({
      asked: to.asked - from.asked,
      captured: to.captured - from.captured,
      computed: to.computed - from.computed,
      encoded: to.encoded - from.encoded,
    }).toEqual({ asked: updates, captured: updates, computed: updates, encoded: updates });
  });

  it('should show both screens of a chain the very same tables', () => {
    const [first, second, other] = screens.map(
      (screen) => new Map(liveTables(screen).map((t) => [t.seq, t])),
    );
    const shared = [...(first?.keys() ?? [])].filter((seq) => second?.has(seq));
    expect(shared.length).toBeGreaterThan(5);
    for (const seq of shared) expect(second?.get(seq)).toEqual(first?.get(seq));
    expect([...(other?.values() ?? [])].every((table) => table.underlying.symbol === 'BANKNIFTY')).toBe(true);
  });

  it('should send a screen nothing of a chain that it does not watch', () => {
    const [first, , other] = screens;
    expect(first?.frames.every((frame) => frame.underlying === first.chain.underlying)).toBe(true);
    expect(other?.strangers).toBe(0);
    expect(first?.strangers).toBe(0);
  });
});
