import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ChainId } from '../domain/contract.js';
import { addDays, istDate, istMidnight } from '../domain/slot.js';
import type { ChainSnapshot } from '../domain/snapshot.js';
import { MINUTE_MS, type EpochMs, type IsoDate, type Slot } from '../domain/units.js';
import { SessionSeed, type SeedSource } from '../snapshot/session-seed.js';
import { SnapshotStore } from '../snapshot/snapshot-store.js';
import { ChainDays, snapshotsOf, type ChainDay } from './minutes/chain-day.js';
import { ChunkStore } from './minutes/chunk-store.js';
import { isCaptured } from './minutes/frame.js';
import { MinuteStore } from './minutes/minute-store.js';

/** How far back the newest minute of a chain is looked for before its whole day is read. */
const NEAR_MS = 36 * MINUTE_MS;

/** The last day that a date can name. */
const END_OF_TIME = Date.UTC(9999, 11, 31);

/** Chains out of whole-market minutes: of today from the minutes themselves, of days before from their packed days. */
@Injectable()
export class MarketHistory implements SeedSource, OnModuleInit {
  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(SnapshotStore) private readonly snapshots: SnapshotStore,
    @Inject(MinuteStore) private readonly minutes: MinuteStore,
    @Inject(ChunkStore) private readonly chunks: ChunkStore,
    @Inject(SessionSeed) private readonly seed: SessionSeed,
  ) {}

  onModuleInit(): void {
    this.seed.attach(this);
  }

  async load(chain: ChainId, from: EpochMs, to: EpochMs): Promise<ChainSnapshot[]> {
    const id = await this.snapshots.findChain(chain);
    if (id === null) return [];
    const found = new Map<Slot, ChainSnapshot>();
    for (const day of [...(await this.packedDays(id, from, to)), ...(await this.day(id, from, to))])
      for (const snapshot of snapshotsOf(day))
        if (snapshot.slot >= from && snapshot.slot <= to) found.set(snapshot.slot, snapshot);
    return [...found.values()].sort((a, b) => a.slot - b.slot);
  }

  async newest(chain: ChainId, before: EpochMs): Promise<Slot | null> {
    const id = await this.snapshots.findChain(chain);
    if (id === null) return null;
    const at = Math.min(before, END_OF_TIME);
    const last = await this.minutes.newestSlot(at);
    if (last !== null) {
      const from = istMidnight(istDate(last));
      const near = await this.newestBetween(id, Math.max(from, last - NEAR_MS), at);
      const slot = near ?? (await this.newestBetween(id, from, at));
      if (slot !== null) return slot;
    }
    return this.newestPacked(id, at);
  }

  async expiries(underlyingKey: string, from: EpochMs, to: EpochMs): Promise<IsoDate[]> {
    const swept = new Set<number>();
    for (const date of datesOf(from, to)) for (const id of await this.chunks.chainsOn(date)) swept.add(id);
    for await (const { universe } of this.minutes.frames(from, to, []))
      universe.chainIds.forEach((id) => swept.add(id));
    const rows: { id: number; expiry: IsoDate }[] = await this.db.query(
      'SELECT id, expiry FROM chain WHERE underlying_key = $1 ORDER BY expiry',
      [underlyingKey],
    );
    return rows.filter(({ id }) => swept.has(id)).map(({ expiry }) => expiry);
  }

  /**
   * One contract's day, transposed; `null` when nothing of it was swept, or its day is not packed yet.
   * @param contractId row number of the contract.
   */
  async contractDay(chain: ChainId, date: IsoDate, contractId: number): Promise<ChainDay | null> {
    const id = await this.snapshots.findChain(chain);
    return id === null ? null : this.chunks.get(id, date, contractId);
  }

  private async packedDays(id: number, from: EpochMs, to: EpochMs): Promise<ChainDay[]> {
    const days: ChainDay[] = [];
    for (const date of datesOf(from, to)) {
      const day = await this.chunks.get(id, date);
      if (day) days.push(day);
    }
    return days;
  }

  private async day(id: number, from: EpochMs, to: EpochMs): Promise<ChainDay[]> {
    const days = new ChainDays(new Set([id]));
    for await (const { universe, frame } of this.minutes.frames(from, to)) days.take(universe, frame);
    return [...days.all().values()];
  }

  private async newestBetween(id: number, from: EpochMs, to: EpochMs): Promise<Slot | null> {
    let newest: Slot | null = null;
    for await (const { universe, frame } of this.minutes.frames(from, to, [])) {
      const chain = universe.chainIds.indexOf(id);
      if (chain >= 0 && isCaptured(frame.marks[chain]!)) newest = frame.slot;
    }
    return newest;
  }

  private async newestPacked(id: number, at: EpochMs): Promise<Slot | null> {
    const rows: { date: IsoDate }[] = await this.db.query(
      'SELECT date FROM day_chunk WHERE chain_id = $1 AND date <= $2 ORDER BY date DESC LIMIT 2',
      [id, istDate(at)],
    );
    for (const { date } of rows) {
      const day = await this.chunks.get(id, date);
      const slot = day?.slots.findLast((one, i) => one <= at && isCaptured(day.marks[i]!));
      if (slot !== undefined) return slot;
    }
    return null;
  }
}

/** IST dates of a span. */
function datesOf(from: EpochMs, to: EpochMs): IsoDate[] {
  const dates: IsoDate[] = [];
  for (let date = istDate(from); istMidnight(date) <= to; date = addDays(date, 1)) dates.push(date);
  return dates;
}
