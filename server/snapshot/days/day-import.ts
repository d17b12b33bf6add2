import { Inject, Injectable } from '@nestjs/common';
import { Acceptance } from '../../domain/acceptance.js';
import { sessionStartFor } from '../../domain/calendar.js';
import { SessionHistory } from '../../domain/history.js';
import { istMidnight, slotOf } from '../../domain/slot.js';
import { DAY_MS, type EpochMs } from '../../domain/units.js';
import { InstrumentsService } from '../../instruments/instruments.service.js';
import { CalendarService } from '../calendar-service.js';
import { SnapshotStore, type CountedSnapshot, type Refusal } from '../snapshot-store.js';
import {
  DayFileRefused,
  prevOiKey,
  readDay,
  readPrevOi,
  type PrevOi,
  type RecordedChain,
} from './day-file.js';

/** Snapshots of one transaction. */
const BATCH = 400;

/** What an import did. */
export interface DayImportReport {
  rows: number;
  chains: number;
  /** Slots stored now. */
  stored: number;
  /** Slots that were stored before, or came twice in the file: they stay as they were. */
  present: number;
  refused: { underlying: string; expiry: string; slot: number; reason: Refusal['reason']; detail: string }[];
  unknownLegs: number;
}

interface ChainProgress {
  id: number;
  exchange: string;
  sessionStart: EpochMs;
  acceptance: Acceptance;
}

interface Batch {
  captures: (CountedSnapshot & { chainId: number })[];
  refusals: (Refusal & { chainId: number })[];
}

/** Brings recorded days into the database, under the same rules as live answers. */
@Injectable()
export class DayImport {
  constructor(
    @Inject(SnapshotStore) private readonly store: SnapshotStore,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(CalendarService) private readonly calendar: CalendarService,
  ) {}

  /**
   * Reads the whole file once to make sure of it, then stores it. Doing it again changes nothing.
   * @throws DayFileRefused when a row makes no sense; nothing is stored then.
   */
  async run(
    file: string,
    prevOiFile?: string,
    onProgress?: (rows: number, of: number) => void,
  ): Promise<DayImportReport> {
    const prevOi: PrevOi = prevOiFile ? await readPrevOi(prevOiFile) : new Map();
    const survey = await surveyDay(file);
    const keys = await this.listContracts(survey.strikes);
    const report: DayImportReport = {
      rows: survey.rows,
      chains: survey.strikes.size,
      stored: 0,
      present: 0,
      refused: [],
      unknownLegs: 0,
    };
    const progress = new Map<string, ChainProgress>();
    const batch: Batch = { captures: [], refusals: [] };
    let rows = 0;
    for await (const recorded of readDay(file)) {
      const chainName = nameOf(recorded);
      const current = await this.progressOf(progress, chainName, keys.get(recorded.underlying)!, recorded);
      this.judge(recorded, prevOi, current, report, batch);
      rows += recorded.strikes.length;
      if (batch.captures.length >= BATCH) await this.flush(batch, report);
      onProgress?.(rows, survey.rows);
    }
    await this.flush(batch, report);
    return report;
  }

  /** Contracts that the instrument list does not have get a place, so that the day can be read. */
  private async listContracts(strikes: Map<string, ContractsOfDay>): Promise<Map<string, string>> {
    const keys = new Map<string, string>();
    for (const { underlying, expiry, strikes: listed } of strikes.values())
      keys.set(underlying, await this.instruments.ensureContracts(underlying, expiry, [...listed]));
    return keys;
  }

  private async progressOf(
    all: Map<string, ChainProgress>,
    name: string,
    underlyingKey: string,
    recorded: RecordedChain,
  ): Promise<ChainProgress> {
    const known = all.get(name);
    const slot = slotOf(recorded.time);
    const exchange = known?.exchange ?? (await this.instruments.resolve(underlyingKey))?.exchange ?? 'NSE';
    const start = sessionStartFor(this.calendar.dayAt(exchange, slot), slot);
    if (known && known.sessionStart === start) return known;
    const id = await this.store.chainId({ underlying: underlyingKey, expiry: recorded.expiry });
    const history = new SessionHistory(start);
    const dayEnd = istMidnight(this.calendar.dayAt(exchange, slot).date) + DAY_MS - 1;
    for (const snapshot of await this.store.load(id, start, dayEnd)) history.add(snapshot);
    const opened = { id, exchange, sessionStart: start, acceptance: new Acceptance(history) };
    all.set(name, opened);
    return opened;
  }

  private judge(
    recorded: RecordedChain,
    prevOi: PrevOi,
    current: ChainProgress,
    report: DayImportReport,
    batch: Batch,
  ): void {
    const slot = slotOf(recorded.time);
    const { acceptance } = current;
    const present = acceptance.history.at(slot);
    if (present) {
      report.present += 1;
      // What was accepted then ends the row of refusals now: a second import judges as the first did.
      if (present.source !== 'backfill') current.acceptance = new Acceptance(acceptance.history);
      return;
    }
    const verdict = acceptance.judge(withPrevOi(recorded, prevOi), slot, recorded.time, 'import');
    acceptance.commit(verdict);
    if (verdict.accepted) {
      const { snapshot, unknownLegs, phantomLegs } = verdict;
      batch.captures.push({ chainId: current.id, snapshot, unknownLegs, phantomLegs });
      report.unknownLegs += unknownLegs;
      return;
    }
    const { reason, detail } = verdict;
    batch.refusals.push({ chainId: current.id, slot, reason, detail });
    report.refused.push({ underlying: recorded.underlying, expiry: recorded.expiry, slot, reason, detail });
  }

  private async flush(batch: Batch, report: DayImportReport): Promise<void> {
    const stored = await this.store.commitMany(batch.captures);
    await this.store.refuseAll(batch.refusals);
    report.stored += stored;
    report.present += batch.captures.length - stored;
    batch.captures.length = 0;
    batch.refusals.length = 0;
  }
}

interface ContractsOfDay {
  underlying: string;
  expiry: string;
  strikes: Set<number>;
}

/** Reads a day from end to end: is every row sound, and which contracts are in it? */
async function surveyDay(file: string): Promise<{ rows: number; strikes: Map<string, ContractsOfDay> }> {
  const strikes = new Map<string, ContractsOfDay>();
  let rows = 0;
  for await (const recorded of readDay(file)) {
    const { underlying, expiry } = recorded;
    const entry = strikes.get(nameOf(recorded)) ?? { underlying, expiry, strikes: new Set<number>() };
    strikes.set(nameOf(recorded), entry);
    const seen = new Set<number>();
    for (const { strike } of recorded.strikes) {
      if (seen.has(strike))
        throw new DayFileRefused(
          `${file}: ${underlying} ${expiry} has strike ${strike} twice at ${new Date(recorded.time).toISOString()}.`,
        );
      seen.add(strike);
      entry.strikes.add(strike);
    }
    rows += recorded.strikes.length;
  }
  return { rows, strikes };
}

function nameOf(recorded: RecordedChain): string {
  return `${recorded.underlying} ${recorded.expiry}`;
}

function withPrevOi(recorded: RecordedChain, prevOi: PrevOi): RecordedChain {
  if (prevOi.size === 0) return recorded;
  const strikes = recorded.strikes.map(({ strike, call, put }) => {
    const prev = prevOi.get(prevOiKey(recorded.underlying, recorded.expiry, strike));
    return {
      strike,
      call: call && { ...call, prevOi: prev?.call ?? null },
      put: put && { ...put, prevOi: prev?.put ?? null },
    };
  });
  return { ...recorded, strikes };
}
