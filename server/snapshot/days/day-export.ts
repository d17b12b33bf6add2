import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ChainId } from '../../domain/contract.js';
import { unpackLeg } from '../../domain/pack.js';
import { isoIst, istMidnight } from '../../domain/slot.js';
import type { ChainSnapshot } from '../../domain/snapshot.js';
import { DAY_MS, type EpochMs, type IsoDate } from '../../domain/units.js';
import { ApiError } from '../../http/api-error.js';
import { csvCell } from '../../http/csv.js';
import { InstrumentsService } from '../../instruments/instruments.service.js';
import { SessionSeed, withSeeds } from '../session-seed.js';
import { SnapshotStore } from '../snapshot-store.js';
import { DAY_COLUMNS } from './day-file.js';

/** What an export wrote. */
export interface DayExportReport {
  rows: number;
  snapshots: number;
  /** Slots rebuilt from candles. Left out: the columns of a day file cannot mark them, and unmarked they would pass for captured. */
  backfilledLeftOut: number;
}

/** Writes captured days as day files, which can be imported and simulated again. */
@Injectable()
export class DayExport {
  constructor(
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(SessionSeed) private readonly seed: SessionSeed,
  ) {}

  /**
   * The lines of a day file: all chains of an underlying on a date, by time, expiry, strike. The report is complete when
   * the lines have been read.
   * @param underlying symbol or key.
   * @throws ApiError 404 when the underlying is not known or nothing of it was captured on the date.
   */
  async *lines(underlying: string, date: IsoDate, report: DayExportReport): AsyncGenerator<string> {
    const found = await this.instruments.resolve(underlying);
    if (!found)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-underlying',
        `No underlying ${underlying} in the instrument list.`,
      );
    const from = istMidnight(date);
    const to = from + DAY_MS - 1;
    const captured: { expiry: IsoDate; snapshot: ChainSnapshot }[] = [];
    for (const expiry of await this.expiries(found.key, from, to)) {
      const { snapshots, backfilled } = await this.captures({ underlying: found.key, expiry }, from, to);
      report.backfilledLeftOut += backfilled;
      captured.push(...snapshots.map((snapshot) => ({ expiry, snapshot })));
    }
    if (captured.length === 0)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'no-data',
        `Nothing of ${found.symbol} was captured on ${date}.`,
      );
    captured.sort((a, b) => a.snapshot.capturedAt - b.snapshot.capturedAt || (a.expiry < b.expiry ? -1 : 1));
    yield DAY_COLUMNS.join(',');
    for (const { expiry, snapshot } of captured) {
      report.snapshots += 1;
      for (const line of snapshotLines(csvCell(found.symbol), expiry, snapshot)) {
        report.rows += 1;
        yield line;
      }
    }
  }

  /** The lines of a previous-OI file: what the broker gave as previous closing OI during the date. */
  async *prevOiLines(underlying: string, date: IsoDate): AsyncGenerator<string> {
    const found = await this.instruments.resolve(underlying);
    const from = istMidnight(date);
    yield 'underlying,expiry,strike,ce_prev_oi,pe_prev_oi';
    if (!found) return;
    const to = from + DAY_MS - 1;
    for (const expiry of await this.expiries(found.key, from, to)) {
      const last = (await this.captures({ underlying: found.key, expiry }, from, to)).snapshots.at(-1);
      if (last) yield* prevOiLinesOf(csvCell(found.symbol), expiry, last);
    }
  }

  /** Expiries of which anything was captured, watched or swept, ascending. */
  private async expiries(key: string, from: EpochMs, to: EpochMs): Promise<IsoDate[]> {
    const own = (await this.store.chainsBetween(from, to, key)).map((chain) => chain.expiry);
    return [...new Set([...own, ...(await this.seed.expiries(key, from, to))])].sort();
  }

  /** Own captures and, for the slots without one, what was swept. */
  private async captures(chain: ChainId, from: EpochMs, to: EpochMs) {
    const id = await this.store.findChain(chain);
    const own = id === null ? [] : await this.store.load(id, from, to);
    const answered = own.filter((snapshot) => snapshot.source !== 'backfill');
    const snapshots = withSeeds(answered, await this.seed.load(chain, from, to));
    return { snapshots, backfilled: own.length - answered.length };
  }
}

function* snapshotLines(symbol: string, expiry: IsoDate, snapshot: ChainSnapshot): Generator<string> {
  const time = isoIst(snapshot.capturedAt);
  for (let row = 0; row < snapshot.strikes.length; row++) {
    const [call, put] = [unpackLeg(snapshot, 2 * row), unpackLeg(snapshot, 2 * row + 1)];
    const legs = [call, put].flatMap((leg) => [leg?.oi ?? '', leg?.ltp ?? '', leg?.volume ?? '']);
    yield [time, symbol, snapshot.spot ?? '', expiry, snapshot.strikes[row], ...legs].join(',');
  }
}

function* prevOiLinesOf(symbol: string, expiry: IsoDate, snapshot: ChainSnapshot): Generator<string> {
  for (let row = 0; row < snapshot.strikes.length; row++) {
    const [call, put] = [unpackLeg(snapshot, 2 * row), unpackLeg(snapshot, 2 * row + 1)];
    if ((call?.prevOi ?? put?.prevOi ?? null) === null) continue;
    yield [symbol, expiry, snapshot.strikes[row], call?.prevOi ?? '', put?.prevOi ?? ''].join(',');
  }
}
