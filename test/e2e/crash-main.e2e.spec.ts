import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { VirtualClock } from '../../server/clock/clock.js';
import { istAt, istTime } from '../../server/domain/slot.js';
import type { Table } from '../../server/protocol/index.js';
import { generatedMarket, startSimulator, type Simulator } from '../../server/simulator/index.js';
import { decodeDay } from '../../server/snapshot/day-codec.js';
import { cleanUp, Program, serverScript, settings, start, tempFolder, until } from '../support/harness.js';
import { Visitor } from '../support/harness-client.js';
import { seeded } from '../support/seeded.js';

/** F25 with the program that users run: killed at any instant of its life, the start and the sweep included. */

jest.setTimeout(900_000);

const KILLS = 18;
const DAY = '2026-08-18';
const RATE = 30;
const NIFTY = 'NSE_INDEX|Nifty 50';
/** An expiry of NIFTY, and its nearest on that day. */
const EXPIRY = '2026-08-18';
/** Real ms from the chosen moment to the kill, at most: a minute of the market takes two seconds. */
const LIFE_MS = 2_500;

const random = seeded('kills of the program');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A slot on the disk: when it was captured, and a hash of its bytes. */
type Stored = Map<string, string>;

let simulator: Simulator;
const clock = new VirtualClock(istAt(DAY, '10:00'), RATE);
const folder = tempFolder();
const file = join(folder, 'tracker.db');

beforeAll(async () => {
  const day = generatedMarket({ seed: 5, date: DAY });
  const rows = day.instruments().filter((row) => (row.underlying_symbol ?? row.trading_symbol) === 'NIFTY');
  const market = Object.create(day, { instruments: { value: () => rows } }) as typeof day;
  simulator = await startSimulator({ market, now: () => clock.now(), limits: false });
});

afterAll(async () => {
  await cleanUp();
  await simulator.close();
});

const live = (): Program =>
  start(
    [serverScript],
    {
      ...settings(folder),
      UPSTOX_API_URL: simulator.url,
      UPSTOX_LOGIN_URL: simulator.url,
      UPSTOX_ASSETS_URL: simulator.url,
      UPSTOX_ACCESS_TOKEN: 'demo',
      PINNED: 'NIFTY',
      CLOCK_START: new Date(clock.now()).toISOString(),
      CLOCK_RATE: String(RATE),
    },
    folder,
  );

/** Slots that the log says are captured: it says so after they are committed and pushed. */
function acknowledged(program: Program): string[] {
  return program.lines.flatMap((line) => {
    const [, chain, slot] = /capture (\S+ ?\S*@\S+) slot=(\d\d:\d\d) .*outcome=captured/.exec(line) ?? [];
    return chain && slot ? [`${chain} ${slot}`] : [];
  });
}

/** What a table says of its own minute. What it is compared with may have been rebuilt from candles since. */
function figuresOf({ slot, capturedAt, source, spot, atmStrike, totals, rows }: Table): object {
  const legs = rows.map(({ strike, call, put }) => [
    strike,
    ...[call, put].map(
      (leg) => leg && [leg.instrumentKey, leg.oi, leg.prevOi, leg.dayChange, leg.ltp, leg.volume],
    ),
  ]);
  return { slot, capturedAt, source, spot, atmStrike, totals, legs };
}

async function stored(): Promise<{ integrity: string; slots: Stored; doubled: string[] }> {
  const db = await new DataSource({ type: 'sqlite', database: file }).initialize();
  const [check]: { integrity_check: string }[] = await db.query('PRAGMA integrity_check');
  const known: { n: number }[] = await db.query(
    `SELECT count(*) AS n FROM sqlite_master WHERE name IN ('chain', 'snapshot', 'snapshot_day')`,
  );
  const slots: Stored = new Map();
  const doubled: string[] = [];
  const take = (name: string, bytes: string | Buffer): void => {
    if (slots.has(name)) doubled.push(name);
    slots.set(name, createHash('sha256').update(bytes).digest('hex'));
  };
  if (known[0]?.n === 3) {
    interface Row {
      id: number;
      key: string;
      expiry: string;
      slot: number;
      captured_at: number;
      payload: Buffer;
      date: string;
    }
    const from = 'JOIN chain ON chain.id = chain_id';
    const what = 'chain.id, underlying_key AS key, expiry, payload';
    const loose: Row[] = await db.query(`SELECT ${what}, slot, captured_at FROM snapshot ${from}`);
    for (const { key, expiry, slot, captured_at, payload } of loose)
      take(
        `${key}@${expiry} ${istTime(slot).slice(0, 5)}`,
        Buffer.concat([payload, Buffer.from(String(captured_at))]),
      );
    const packed: Row[] = await db.query(`SELECT ${what}, date FROM snapshot_day ${from}`);
    for (const { id, key, expiry, date, payload } of packed)
      for (const { snapshot } of decodeDay(id, date, payload))
        take(`${key}@${expiry} ${istTime(snapshot.slot).slice(0, 5)}`, JSON.stringify([...snapshot.oi]));
  }
  await db.destroy();
  return { integrity: check?.integrity_check ?? 'no answer', slots, doubled };
}

describe('F25 the built server, killed at any instant', () => {
  it('should lose, change and double nothing, and show the same table after each start', async () => {
    const told = new Set<string>();
    let before: Stored = new Map();
    let shown: Table | null = null;
    let compared = 0;
    for (let n = 0; n < KILLS; n++) {
      const program = live();
      // A third of them while they start.
      if (n % 3 !== 2) {
        const url = await program.printed(/listening on (\S+)/);
        const visitor = await Visitor.enter(url);
        if (shown) {
          const again = await visitor.table(NIFTY, EXPIRY, shown.slot);
          expect(figuresOf(again)).toEqual(figuresOf(shown));
          compared += 1;
        }
        if (n % 3 === 0) {
          await until(
            () => `a capture, in:\n${program.output}`,
            () => acknowledged(program).length > 0,
            120_000,
          );
          shown = await visitor.table(NIFTY, EXPIRY);
        }
      }
      await pause(random.below(LIFE_MS));
      await program.kill();
      for (const slot of acknowledged(program)) told.add(slot);
      if (!existsSync(file)) continue;
      const { integrity, slots, doubled } = await stored();
      expect([integrity, doubled]).toEqual(['ok', []]);
      expect([...told].filter((slot) => !slots.has(slot))).toEqual([]);
      expect([...before].filter(([slot, hash]) => slots.get(slot) !== hash)).toEqual([]);
      before = slots;
    }
    process.stdout.write(
      `${KILLS} kills of the program: ${told.size} slots acknowledged, ${compared} tables compared\n`,
    );
    expect(told.size).toBeGreaterThanOrEqual(KILLS / 3);
    expect(compared).toBeGreaterThanOrEqual(KILLS / 3);
  });
});
