import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { defaultTradingDay } from '../../server/domain/calendar.js';
import { chainKey, type ChainId } from '../../server/domain/contract.js';
import { addDays, istAt, istDate, istMidnight, istTime } from '../../server/domain/slot.js';
import type { ChainSnapshot } from '../../server/domain/snapshot.js';
import type { Slot } from '../../server/domain/units.js';
import type { Table } from '../../server/protocol/index.js';
import {
  generatedMarket,
  type LegAnswer as SimulatedLeg,
  type Market,
} from '../../server/simulator/index.js';
import { decodeSnapshot } from '../../server/snapshot/codec.js';
import { decodeDay } from '../../server/snapshot/day-codec.js';
import type { CrashChild } from './crash.js';
import { MarketLedger } from './crash-market.js';
import type { Seeded } from './seeded.js';
import { compareTable, MINUTE, truthOf, type Answer, type ChainAnswers } from './truth/index.js';

interface Row {
  underlying_key: string;
  expiry: string;
  slot: number;
  captured_at: number;
  source: number;
  spot: number | null;
  payload: Buffer;
}

interface DayRow {
  id: number;
  underlying_key: string;
  expiry: string;
  date: string;
  payload: Buffer;
}

/** A snapshot on the disk, loose or in a packed day. */
interface Found {
  key: string;
  isLive: boolean;
  snapshot: ChainSnapshot;
}

interface Stored {
  capturedAt: number;
  oi: string;
}

export interface Sample {
  chain: ChainId;
  /** `null`: the newest. */
  slot: number | null;
}

const FIRST_DAY = '2026-08-18';
const SYMBOLS: Record<string, string> = {
  'NSE_INDEX|Nifty 50': 'NIFTY',
  'NSE_INDEX|Nifty Bank': 'BANKNIFTY',
};

/** What children said they had stored, against what is on the disk after their death. */
export class CrashLedger {
  readonly seed = 1;
  readonly days = new Set<string>();
  /** The minutes of the whole market. */
  readonly sweeps = new MarketLedger();
  /** Snapshots found in packed days. */
  packed = 0;
  /** Tables compared with the independent computation. */
  judged = 0;
  /** Acknowledged: chain key → slot → hash of the OI. */
  private readonly told = new Map<string, Map<number, string>>();
  /** Found on the disk, once: it must never be different again. */
  private readonly found = new Map<string, Map<number, Stored>>();
  private readonly markets = new Map<string, Market>();
  private date = FIRST_DAY;

  constructor(
    readonly file: string,
    private readonly random: Seeded,
  ) {}

  get size(): number {
    return [...this.told.values()].reduce((sum, slots) => sum + slots.size, 0);
  }

  /** The next life is of the next trading day, so that the one before is past and can be packed. */
  turnOver(): void {
    if (this.today().length === 0) return;
    do this.date = addDays(this.date, 1);
    while (defaultTradingDay('NSE', this.date).sessions.length === 0);
  }

  /** Where the next life begins: at the first minute that some chain of today does not have. */
  next(): { date: string; start: number } {
    const session = (): [number, number] => [istAt(this.date, '09:15'), istAt(this.date, '15:30')];
    const newest = this.today().map(([, slots]) => Math.max(...slots.keys()));
    let start = newest.length < 2 ? session()[0] : Math.min(...newest) + MINUTE;
    if (start > session()[1]) {
      do this.date = addDays(this.date, 1);
      while (defaultTradingDay('NSE', this.date).sessions.length === 0);
      [start] = session();
    }
    this.days.add(this.date);
    return { date: this.date, start };
  }

  /** Tables that the next child shall read back: the newest of a chain, and any of another. */
  samples(): Sample[] {
    const chains = this.newestDay();
    return chains.map(([key, slots], i) => {
      const all = [...slots.keys()];
      return { chain: chainOf(key), slot: i % 2 === 0 ? null : all[this.random.below(all.length)]! };
    });
  }

  acknowledged(child: CrashChild): void {
    this.sweeps.acknowledged(child);
    for (const [key, slot, oi] of child.of<[string, number, string]>('A')) {
      const slots = this.told.get(key) ?? new Map<number, string>();
      this.told.set(key, slots.set(slot, oi));
    }
  }

  /** Compares the tables that a child read back with what the checker computes. */
  judgeTables(samples: readonly Sample[], child: CrashChild): string[] {
    return child.of<Table | null>('T').flatMap((table, i) => {
      const { chain, slot } = samples[i]!;
      const name = `table of ${chain.underlying} ${slot === null ? 'now' : istTime(slot)}`;
      const stored = this.found.get(chainKey(chain)) ?? new Map<number, Stored>();
      if (!table) return [`${name}: none`];
      if (table.slot !== (slot ?? Math.max(...stored.keys())))
        return [`${name}: is of ${istTime(table.slot)}`];
      this.judged += 1;
      const since = istMidnight(istDate(table.slot));
      const moments = [...stored].filter(([one]) => one >= since).map(([, { capturedAt }]) => capturedAt);
      const truth = truthOf(this.answers(chain, moments));
      return compareTable(truth.at(table.slot), table).map((difference) => `${name}: ${difference}`);
    });
  }

  /** Opens the database as a restart would and holds today against the ledger. @returns complaints */
  inspect(): Promise<string[]> {
    return this.hold(istMidnight(this.date));
  }

  /** The same for every day. */
  inspectAll(): Promise<string[]> {
    return this.hold(istMidnight(FIRST_DAY));
  }

  private async hold(since: number): Promise<string[]> {
    const db = await new DataSource({ type: 'sqlite', database: this.file }).initialize();
    try {
      const [check]: { integrity_check: string }[] = await db.query('PRAGMA integrity_check');
      if (check?.integrity_check !== 'ok') return [`integrity: ${check?.integrity_check}`];
      const tables: { n: number }[] = await db.query(
        `SELECT count(*) AS n FROM sqlite_master WHERE name IN ('chain', 'snapshot', 'snapshot_day', 'minute', 'day_chunk')`,
      );
      const rows: Row[] =
        tables[0]?.n === 5
          ? await db.query(
              `SELECT underlying_key, expiry, slot, captured_at, source, spot, payload FROM snapshot
               JOIN chain ON chain.id = snapshot.chain_id WHERE slot >= $1 ORDER BY slot`,
              [since],
            )
          : [];
      if (tables[0]?.n !== 5) return this.compare([], since);
      const all = [...rows.map(foundOf), ...(await this.packedDays(db, since))];
      return [...this.compare(all, since), ...(await this.sweeps.compare(db, since))];
    } finally {
      await db.destroy();
    }
  }

  private async packedDays(db: DataSource, since: number): Promise<Found[]> {
    const rows: DayRow[] = await db.query(
      `SELECT chain.id, underlying_key, expiry, date, payload FROM snapshot_day
       JOIN chain ON chain.id = chain_id WHERE date >= $1`,
      [istDate(since)],
    );
    const found = rows.flatMap(({ id, underlying_key: underlying, expiry, date, payload }) =>
      decodeDay(id, date, payload).map(({ snapshot }) => ({
        key: chainKey({ underlying, expiry }),
        isLive: snapshot.source === 'live',
        snapshot,
      })),
    );
    this.packed = Math.max(this.packed, found.length);
    return found;
  }

  private compare(rows: readonly Found[], since: number): string[] {
    const complaints: string[] = [];
    const now = new Map<string, Map<number, Stored>>();
    for (const { key, isLive, snapshot } of rows) {
      const { slot, capturedAt } = snapshot;
      const slots = now.get(key) ?? new Map<number, Stored>();
      now.set(key, slots);
      const name = `${key} ${istDate(slot)} ${istTime(slot)}`;
      if (!isLive) complaints.push(`${name} was not captured live`);
      if (slots.has(slot)) complaints.push(`${name} is there twice`);
      const oi = hashOf(snapshot);
      const before = this.found.get(key)?.get(slot);
      if (before && (before.oi !== oi || before.capturedAt !== capturedAt))
        complaints.push(`${name} has changed`);
      slots.set(slot, { capturedAt, oi });
    }
    for (const [key, slots] of this.told)
      for (const [slot, oi] of slots) {
        if (slot < since) continue;
        const stored = now.get(key)?.get(slot);
        if (!stored) complaints.push(`${key} ${istTime(slot)} was acknowledged and is not there`);
        else if (stored.oi !== oi) complaints.push(`${key} ${istTime(slot)} is not what was acknowledged`);
      }
    for (const [key, slots] of this.found)
      for (const slot of slots.keys())
        if (slot >= since && !now.get(key)?.has(slot))
          complaints.push(`${key} ${istTime(slot)} has vanished`);
    for (const [key, slots] of now) this.found.set(key, new Map([...(this.found.get(key) ?? []), ...slots]));
    return complaints;
  }

  /** The same of today or, before its first minute, of the newest day that has one. */
  private newestDay(): [string, Map<number, Stored>][] {
    const newest = Math.max(...[...this.found.values()].flatMap((slots) => [...slots.keys()]));
    return this.since(Number.isFinite(newest) ? istMidnight(istDate(newest)) : istMidnight(this.date));
  }

  /** Chains with something of today on the disk. */
  private today(): [string, Map<number, Stored>][] {
    return this.since(istMidnight(this.date));
  }

  private since(since: number): [string, Map<number, Stored>][] {
    return [...this.found].flatMap(([key, slots]): [string, Map<number, Stored>][] => {
      const own = new Map([...slots].filter(([slot]) => slot >= since));
      return own.size > 0 ? [[key, own]] : [];
    });
  }

  private answers(chain: ChainId, moments: readonly number[]): ChainAnswers {
    const prevOi = new Map<number, { call: number | null; put: number | null }>();
    const answers = moments.map((at): Answer => {
      const rows = this.market(istDate(at)).chain(chain.underlying, chain.expiry, at) ?? [];
      const strikes = new Map(
        rows.map((row) => {
          const { strike_price: strike, call_options: call, put_options: put } = row;
          prevOi.set(strike, {
            call: call?.market_data.prev_oi ?? null,
            put: put?.market_data.prev_oi ?? null,
          });
          return [strike, { call: legOf(call), put: legOf(put) }] as const;
        }),
      );
      return { at, spot: rows[0]?.underlying_spot_price ?? null, strikes };
    });
    return { underlying: SYMBOLS[chain.underlying] ?? '', expiry: chain.expiry, answers, prevOi };
  }

  private market(date: string): Market {
    const known = this.markets.get(date) ?? generatedMarket({ date, seed: this.seed });
    this.markets.set(date, known);
    return known;
  }
}

function legOf(
  leg: SimulatedLeg | undefined,
): Answer['strikes'] extends ReadonlyMap<number, infer S>
  ? S extends { call: infer L }
    ? L
    : never
  : never {
  if (!leg) return null;
  const { oi, ltp, volume } = leg.market_data;
  return { oi: oi ?? null, ltp: ltp ?? null, volume: volume ?? null };
}

function foundOf(row: Row): Found {
  const key = chainKey({ underlying: row.underlying_key, expiry: row.expiry });
  const header = { slot: row.slot as Slot, capturedAt: row.captured_at, spot: row.spot };
  const snapshot = decodeSnapshot({ ...header, source: 'live' }, row.payload);
  return { key, isLive: row.source === 0, snapshot };
}

/** As the child hashes what it publishes. */
function hashOf({ strikes, oi }: ChainSnapshot): string {
  const known = (leg: number): number | string => (Number.isNaN(oi[leg]) ? '' : (oi[leg] ?? ''));
  const cells = [...strikes].map((strike, row) => `${strike}:${known(2 * row)}:${known(2 * row + 1)}`);
  return createHash('sha256').update(cells.join('\n')).digest('hex').slice(0, 16);
}

function chainOf(key: string): ChainId {
  const [underlying = '', expiry = ''] = key.split('@');
  return { underlying, expiry };
}
