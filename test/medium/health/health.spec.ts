import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { Readiness } from '../../../server/health/health.service.js';
import { NIFTY, TOKEN, openHouse, type House, type HouseOptions } from '../../support/house.js';
import { brokerError } from '../../support/scripted-broker.js';

let house: House;
afterEach(() => house.close());

const enter = async (options: HouseOptions = {}): Promise<void> => {
  house = await openHouse({ listening: true, ...options });
};

async function ready(): Promise<{ status: number; body: Readiness }> {
  const answer = await fetch(`${house.base()}/health/ready`);
  return { status: answer.status, body: (await answer.json()) as Readiness };
}

/** What is not well, by check. */
const troubles = ({ checks }: Readiness): Record<string, string> =>
  Object.fromEntries(
    Object.entries(checks).flatMap(([name, { ok, detail }]) => (ok ? [] : [[name, detail]])),
  );

it('should say that the process lives, to whoever asks', async () => {
  await enter({ signedIn: false });
  const answer = await fetch(`${house.base()}/health/live`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ status: 'ok' });
});

describe('readiness', () => {
  it('should be 200 with the lag of each pinned chain when all is well', async () => {
    await enter();
    await house.tick();
    house.clock.advance(7_000);
    const { status, body } = await ready();
    expect(status).toBe(200);
    expect(body.ready).toBe(true);
    expect(body.chains).toEqual([
      {
        chain: `${NIFTY.underlying}@${NIFTY.expiry}`,
        state: expect.stringMatching(/^(live|back-filling)$/),
        lastSlot: '2026-08-18T10:00:00+05:30',
        lagSeconds: 7,
      },
    ]);
  });

  it('should be 503 with the reason without a broker token', async () => {
    await enter({ signedIn: false });
    const { status, body } = await ready();
    expect(status).toBe(503);
    expect(troubles(body)).toEqual({ token: 'sign-in needed' });
  });

  it('should be 503 with the broker’s words when it called the token dead', async () => {
    await enter();
    house.broker.onChain = () => {
      throw brokerError('token-dead');
    };
    await house.tick();
    const { status, body } = await ready();
    expect(status).toBe(503);
    expect(troubles(body)).toEqual({ token: 'scripted: token-dead' });
  });

  it('should be 503 naming the chain whose captures are late', async () => {
    await enter();
    await house.tick();
    house.clock.advance(5 * 60_000);
    const { status, body } = await ready();
    expect(status).toBe(503);
    expect(troubles(body)).toEqual({ capture: `late: ${NIFTY.underlying}@${NIFTY.expiry}` });
  });

  it('should be 503 when the database does not answer', async () => {
    await enter();
    const query = jest.spyOn(house.get(DataSource), 'query');
    query.mockRejectedValueOnce(new Error('disk I/O error'));
    const { status, body } = await ready().finally(() => query.mockRestore());
    expect(status).toBe(503);
    expect(troubles(body)).toEqual({ database: 'does not answer: disk I/O error' });
    expect(body.chains).toEqual([]);
  });

  it('should be 200 outside of market hours: there is nothing to be late for', async () => {
    await enter({ at: '20:00' });
    expect((await ready()).status).toBe(200);
  });
});

describe('metrics', () => {
  const SAMPLE =
    /^[a-zA-Z_:][\w:]*(\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*"(,[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*")*\})? (\S+)$/;

  const text = async (): Promise<string> => {
    const answer = await fetch(`${house.base()}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    return answer.text();
  };

  it('should be valid Prometheus text: every sample well-formed, with a type and a help of its own', async () => {
    await enter();
    await house.tick();
    const typed = new Map<string, string>();
    const helped = new Set<string>();
    for (const line of (await text()).split('\n').filter(Boolean)) {
      const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (kind === 'HELP') helped.add(name!);
      else if (kind === 'TYPE') {
        expect(typed.has(name!)).toBe(false);
        typed.set(name!, rest!);
      } else {
        const [, , , value] = SAMPLE.exec(line) ?? [];
        expect({ line, number: value === 'NaN' || Number.isFinite(Number(value)) }).toEqual({
          line,
          number: true,
        });
        const base = line.split(/[{ ]/)[0]!.replace(/_(bucket|sum|count)$/, '');
        expect(typed.has(base) || typed.has(line.split(/[{ ]/)[0]!)).toBe(true);
      }
    }
    expect([...typed.keys()].filter((name) => !helped.has(name))).toEqual([]);
    expect(Object.fromEntries([...typed].filter(([name]) => name.startsWith('oi_')))).toMatchObject({
      oi_captures_total: 'counter',
      oi_broker_calls_total: 'counter',
      oi_tables_computed_total: 'counter',
      oi_frames_encoded_total: 'counter',
      oi_backfilled_slots_total: 'counter',
      oi_refused_cells_total: 'counter',
      oi_phantom_legs_total: 'counter',
      oi_watchers: 'gauge',
      oi_writes_waiting: 'gauge',
      oi_publish_seconds: 'gauge',
    });
  });

  it('should count what was done, and only up', async () => {
    await enter();
    await house.run(3);
    house.registry.enter(NIFTY);
    const first = await text();
    expect(first).toMatch(/^oi_captures_total\{outcome="captured"\} 3$/m);
    expect(first).toMatch(/^oi_captures_total\{outcome="failed"\} 0$/m);
    expect(first).toMatch(/^oi_tables_computed_total 3$/m);
    expect(first).toMatch(/^oi_frames_encoded_total 3$/m);
    expect(first).toMatch(/^oi_watchers 1$/m);
    expect(await text()).toMatch(/^oi_captures_total\{outcome="captured"\} 3$/m);
    await house.tick('10:05');
    expect(await text()).toMatch(/^oi_captures_total\{outcome="captured"\} 4$/m);
  });

  it('should hold no token, no name and no instrument', async () => {
    await enter();
    await house.tick();
    const all = (await text()) + JSON.stringify((await ready()).body.checks);
    for (const secret of [TOKEN, 'Test', 'NSE_FO']) expect(all).not.toContain(secret);
  });
});
