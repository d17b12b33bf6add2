import { MINUTE_MS, SECOND_MS } from '../../../server/domain/units.js';
import {
  at,
  NIFTY,
  NIFTY_NEXT,
  openFaultyHouse,
  until,
  type FaultyHouse,
} from '../../support/faulty-house.js';
import { metric, Visitor } from '../../support/harness-client.js';
import { closeSockets } from '../../support/sockets.js';

/** A broker that limps: what the log, the screen and the database say of each way to do so. */

let house: FaultyHouse;
const enter = async (options: Parameters<typeof openFaultyHouse>[0] = {}): Promise<void> => {
  house = await openFaultyHouse(options);
};
afterEach(async () => {
  closeSockets();
  await house.close();
});

const callTimes = (from: number): number[] =>
  house.simulator.calls
    .list('option-chain')
    .filter((call) => call.at >= from)
    .map((call) => (call.at - from) / SECOND_MS);

/** Calls that follow one another within three seconds: the tries of one capture. Seconds, as `callTimes`. */
function burstsOf(times: readonly number[]): { from: number; to: number; calls: number }[] {
  const bursts: { from: number; to: number; calls: number }[] = [];
  for (const time of times) {
    const last = bursts.at(-1);
    if (last && time - last.to <= 3) Object.assign(last, { to: time, calls: last.calls + 1 });
    else bursts.push({ from: time, to: time, calls: 1 });
  }
  return bursts;
}

/** Answers that were refused whole, as a monitor reads them. */
const badAnswers = async (): Promise<number> =>
  metric(new Visitor(house.base, await house.signIn()), 'oi_broker_calls_total', {
    ...{ api: 'option-chain', outcome: 'bad-answer' },
  });

describe('F01 429 with Retry-After', () => {
  it('should call no earlier than told, keep the table with its age, and go on by itself', async () => {
    await enter();
    await house.minutes(3);
    const screen = await house.screen();
    const shown = screen.table;
    house.faults.inject('option-chain', { type: 'status', status: 429, retryAfter: 170 });
    house.clock.set(at('09:18'));
    await house.tick();
    await house.live(169);
    expect(callTimes(at('09:18'))).toEqual([0]);
    expect(house.logged('warn', 'outcome=failed', 'throttled').length).toBeGreaterThan(0);
    const status = await screen.look();
    expect(status).toMatchObject({ state: 'stale', lastSlot: at('09:17') });
    expect(status.message).toContain('Nothing new since 09:17');
    expect(screen.table).toEqual(shown);
    await house.live(20);
    expect(await screen.look()).toMatchObject({ state: 'live' });
    await house.rebuilt();
    expect(await house.stored()).toEqual([
      ...['09:15', '09:16', '09:17', '09:18 backfill', '09:19 backfill', '09:20', '09:21'],
    ]);
    // The pause and then one probe a second: no burst.
    const after = callTimes(at('09:18')).slice(1);
    expect(after.length).toBeLessThanOrEqual(2);
    expect(after[0]).toBeGreaterThanOrEqual(170);
  });
});

describe('F02 429 without a header for five minutes', () => {
  it('should wait longer and longer, log one line a minute at most, and never storm', async () => {
    await enter();
    await house.minutes(2);
    const screen = await house.screen();
    house.faults.inject('option-chain', { type: 'status', status: 429 }, Infinity);
    house.clock.set(at('09:17'));
    const before = house.lines.length;
    const failed = (): number => house.logged('outcome=failed').length;
    const inMinute: number[] = [];
    await house.tick();
    for (let minute = 0; minute < 5; minute++) {
      const earlier = minute === 0 ? 0 : failed();
      await house.live(minute === 0 ? 59 : 60);
      inMinute.push(failed() - earlier);
    }
    const calls = callTimes(at('09:17'));
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.length).toBeLessThanOrEqual(20);
    // Each wait ends later: from 2 s on, doubled to a minute, at least half of each step.
    const gaps = calls.slice(1).map((call, i) => call - calls[i]!);
    gaps.forEach((gap, i) => expect(gap).toBeGreaterThanOrEqual(Math.min(60, 2 * 2 ** i) / 2));
    expect(inMinute[0]).toBe(1);
    for (const lines of inMinute) expect(lines).toBeLessThanOrEqual(1);
    const warnings = house.lines.slice(before).filter((line) => line.startsWith('warn'));
    expect(warnings.length).toBeLessThanOrEqual(5);
    expect(await screen.look()).toMatchObject({ state: 'stale', lastSlot: at('09:16') });
    house.faults.clear();
    await house.live(120);
    await house.rebuilt();
    expect(await screen.look()).toMatchObject({ state: 'live' });
    expect((await house.stored()).slice(0, 2)).toEqual(['09:15', '09:16']);
    expect(screen.status.quality).toMatchObject({ missed: 0 });
    // None that went unsaid is hidden: lines and counts add up to the failures.
    const counted = house.lines.flatMap((line) => {
      const [, count] = /(?:failed,|failed) (once|\d+)(?: times)? more/.exec(line) ?? [];
      return count === undefined ? [] : [count === 'once' ? 1 : Number(count)];
    });
    expect(failed() + counted.reduce((sum, n) => sum + n, 0)).toBe(house.metrics.captures.failed);
  });
});

describe('F03 500, 502 and 503 for three minutes', () => {
  it.each([500, 502, 503])(
    'should probe ever more rarely at %d, and return to one call a minute without a burst',
    async (code) => {
      await enter();
      await house.minutes(2);
      const screen = await house.screen();
      house.faults.inject('option-chain', { type: 'status', status: code }, Infinity);
      house.clock.set(at('09:17'));
      await house.tick();
      await house.live(179);
      const probes = burstsOf(callTimes(at('09:17')));
      // Three tries a probe. Waits of 5, 10, 20, 40 and 60 s lie between the end of one and the start of the next.
      for (const { calls } of probes) expect(calls).toBeLessThanOrEqual(3);
      probes.slice(1).forEach(({ from }, i) => {
        expect(from - probes[i]!.to).toBeGreaterThanOrEqual(Math.min(60, 5 * 2 ** i));
      });
      expect(probes.length).toBeGreaterThanOrEqual(4);
      expect(probes.length).toBeLessThanOrEqual(6);
      expect(house.logged('warn', 'unreachable', `HTTP ${code}`).length).toBeGreaterThan(0);
      expect(house.logged('error')).toEqual([]);
      expect(await screen.look()).toMatchObject({ state: 'stale', lastSlot: at('09:16') });
      house.faults.clear();
      const returned = house.clock.now();
      await house.live(65);
      await house.rebuilt();
      expect(await screen.look()).toMatchObject({ state: 'live' });
      const first = callTimes(returned)[0]!;
      expect(first).toBeLessThanOrEqual(60);
      await house.live(180);
      // From the first that is answered on, one call for each minute that begins, and no more.
      const minutes = callTimes(returned).map((call) => Math.floor((returned / SECOND_MS + call) / 60));
      expect(minutes).toEqual(minutes.map((_minute, i) => minutes[0]! + i));
      expect(minutes.length).toBeGreaterThanOrEqual(4);
      await screen.look();
      expect(screen.status.quality).toMatchObject({ missed: 0 });
      expect(await house.refusals()).toEqual([]);
    },
  );
});

describe('F04 a connection that nobody answers', () => {
  it('should give up at its deadline, and start the next minute on time', async () => {
    await enter({ retry: { tryMs: 700, totalMs: 1_000 } });
    await house.minutes(1);
    house.faults.inject('option-chain', { type: 'timeout' }, 3);
    await house.at('09:16');
    await house.live(15);
    expect(house.logged('warn', 'slot=09:16', 'did not answer').length).toBeGreaterThan(0);
    house.faults.clear();
    await house.at('09:17');
    expect(await house.stored()).toContain('09:17');
    expect((await house.screen()).status.state).toMatch(/live|back-filling/);
  });

  it('should not keep another chain waiting', async () => {
    // The other chain's own call must have its time on a busy machine too.
    await enter({ retry: { tryMs: 3_000, totalMs: 3_000 } });
    const screen = await house.screen(NIFTY_NEXT);
    house.faults.inject('option-chain', { type: 'timeout' });
    house.clock.set(at('09:16'));
    await house.tick();
    const slots = [...(await house.stored(NIFTY)), ...(await house.stored(NIFTY_NEXT))];
    expect(slots.filter((slot) => slot === '09:16')).toHaveLength(1);
    expect(house.logged('warn', 'slot=09:16', 'did not answer')).toHaveLength(1);
    expect(screen.table).toEqual(await house.chains.latest(NIFTY_NEXT));
  });
});

describe('F05 a body that drips', () => {
  it('should be cut off at the total deadline, its connection freed, nothing of it stored', async () => {
    await enter({ retry: { tryMs: 3_000, totalMs: 3_000 } });
    await house.minutes(1);
    house.faults.inject('option-chain', { type: 'slow-body', ms: 600_000 }, 1);
    await house.at('09:16');
    expect(house.logged('warn', 'slot=09:16', 'unreachable', 'did not answer within 3.0 s')).toHaveLength(1);
    // The other end sees the connection close: nothing of it drips on.
    const dripping = house.simulator.calls.list('option-chain').at(-1)!;
    await until('the end of the connection at the broker', () => dripping.cutOff);
    expect(dripping.status).toBeNull();
    expect(await house.stored()).toEqual(['09:15']);
    house.faults.clear();
    await house.at('09:17');
    await house.rebuilt();
    expect(await house.stored()).toEqual(['09:15', '09:16 backfill', '09:17']);
  });
});

describe.each([
  ['F06 a body that is cut off', { type: 'truncated-json' }, 'is not whole JSON'],
  ['F07 a web page instead of JSON', { type: 'html', status: 200 }, 'is a web page'],
  ['F07 malformed data', { type: 'wrong-shape' }, 'unusable'],
  ['F07 no data', { type: 'null-data' }, 'not a list'],
] as const)('%s', (_name, fault, words) => {
  it('should be refused whole, said in one line without a word of it, and leave no trace', async () => {
    await enter();
    await house.minutes(2);
    const screen = await house.screen();
    const shown = screen.table;
    expect(await badAnswers()).toBe(0);
    house.faults.inject('option-chain', fault, Infinity);
    await house.at('09:17');
    expect(await badAnswers()).toBe(1);
    const lines = house.logged('warn', 'slot=09:17', 'bad-answer', words);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/Access denied|twenty-four|<html|instrument_key/);
    expect(await house.stored()).toEqual(['09:15', '09:16']);
    expect(screen.table).toEqual(shown);
    house.faults.clear();
    await house.live(6);
    await house.rebuilt();
    expect(await house.stored()).toEqual(['09:15', '09:16', '09:17']);
    expect(await house.untruths()).toEqual([]);
    await screen.look();
    expect(screen.table).toEqual(await house.chains.latest(NIFTY));
  });
});

describe('F07 an answer that is refused', () => {
  /** What a broken broker, or whoever stands in its place, may have in its answer. */
  const PLANTED = ['eyJhbGciOiJIUzI1NiJ9.pl4nted.s1gnature', 'pl4nted s3cret', 'AB1234-pl4nted'];

  it('should be counted each time, and be in the log by what is wrong with it, without a word of its own', async () => {
    await enter();
    await house.minutes(2);
    const screen = await house.screen();
    const [jwt, words, user] = PLANTED;
    house.market.spoil = (rows) =>
      rows.map((row, i) => {
        const odd: unknown = { ...row, strike_price: `Bearer ${jwt} ${words}`, [user!]: words };
        return i === 0 ? row : (odd as typeof row);
      });
    house.clock.set(at('09:17'));
    await house.tick();
    await house.live(170);
    const calls = callTimes(at('09:17')).length;
    expect(calls).toBeGreaterThanOrEqual(4);
    expect(await badAnswers()).toBe(calls);
    const visitor = new Visitor(house.base, await house.signIn());
    expect(await metric(visitor, 'oi_captures_total', { outcome: 'failed' })).toBe(calls);
    const [sample] = house.logged('warn', 'slot=09:17', 'outcome=failed');
    expect(sample).toContain('(bad-answer: Most rows of the option chain are unusable)');
    const seen = [...house.lines, JSON.stringify(await screen.look()), await visitor.get<string>('/metrics')];
    for (const secret of [...PLANTED, 'pl4nted', 's3cret', 'Bearer'])
      expect(seen.join('\n')).not.toContain(secret);
    house.market.spoil = (rows) => rows;
    await house.live(61);
    await house.rebuilt();
    expect(await badAnswers()).toBe(calls);
    expect(await screen.look()).toMatchObject({ state: 'live' });
    expect(screen.table).toEqual(await house.chains.latest(NIFTY));
    expect(await house.stored()).toEqual([
      ...['09:15', '09:16', '09:17 backfill', '09:18 backfill', '09:19 backfill', '09:20'],
    ]);
  });
});

it('F03 should keep the 30-minute budget through a storm of faults', async () => {
  await enter({ retry: { tries: 3 } });
  house.faults.inject('option-chain', { type: 'status', status: 500 }, Infinity);
  const from = house.clock.now();
  await house.live(600);
  const calls = callTimes(from);
  expect(calls.length).toBeLessThanOrEqual((1_700 * 10) / 30);
  expect(house.clock.now() - from).toBe(10 * MINUTE_MS);
});
