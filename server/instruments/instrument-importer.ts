import type { EntityManager } from 'typeorm';
import type { Clock } from '../clock/clock.js';
import type { WriteQueue } from '../database/write-queue.js';
import { istDate } from '../domain/slot.js';
import type { EpochMs } from '../domain/units.js';
import {
  earliestExpiry,
  inferAsOf,
  refuseBroken,
  refuseOlder,
  refuseSmall,
  validFrom,
} from './import-checks.js';
import { diffContracts, type ImportDiff } from './import-diff.js';
import type { ImportProgress, ImportReport } from './import-report.js';
import { writeDiff } from './import-writer.js';
import { lastAsOf, loadKnown } from './known-contracts.js';
import { readMaster, type ReadLimits, type ReadResult } from './master-reader.js';
import { syncUnderlyings } from './underlying-sync.js';

/** How an instrument file is imported. */
export interface ImportOptions {
  /** Where the list came from, for the record: a file name or an address. */
  source: string;
  /** Only these exchanges (NSE, BSE, MCX); all that the file has when left out. */
  exchanges?: readonly string[] | undefined;
  /** Size of the compressed file, for the progress; `null` when it is not known. */
  bytes?: number | null | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
  /**
   * What moment the list describes. Left out (a file of unknown age): now, or 06:00 IST of its earliest expiry when
   * that day is past, since the broker drops expired contracts every morning at about six.
   */
  asOf?: EpochMs | undefined;
  /** Accepts a list that is older or 90 % smaller than the one in use; it then counts as the newest. */
  force?: boolean | undefined;
  limits?: ReadLimits | undefined;
}

interface Stored {
  counts: ImportDiff['counts'];
  asOf: EpochMs;
}

/** Reads an instrument file, compares it with what is listed, and writes the difference in one transaction. */
export class InstrumentImporter {
  constructor(
    private readonly writes: WriteQueue,
    private readonly clock: Clock,
  ) {}

  /** @throws ImportRefused when the file is not accepted, or the database's error; either way nothing has changed. */
  async run(body: NodeJS.ReadableStream, options: ImportOptions): Promise<ImportReport> {
    const started = performance.now();
    const only = options.exchanges ? new Set(options.exchanges) : null;
    const totalBytes = options.bytes ?? null;
    const report = (rows: number, bytes: number, phase: ImportProgress['phase']): void =>
      options.onProgress?.({ rows, bytes, totalBytes, phase });
    const onRows = (rows: number, bytes: number): void => report(rows, bytes, 'reading');
    const read = await readMaster(body, only, onRows, options.limits);
    const { list } = read;
    refuseBroken(list, options.exchanges ?? []);
    report(list.rows, read.bytes, 'writing');
    const stored = await this.writes.write((manager) => this.store(manager, read, options));
    return {
      rows: list.rows,
      contracts: list.contracts.length,
      underlyings: list.underlyings.size,
      exchanges: list.exchanges(),
      ...stored.counts,
      refused: list.refused,
      ignored: list.ignored,
      ms: Math.round(performance.now() - started),
      asOf: stored.asOf,
    };
  }

  private async store(manager: EntityManager, read: ReadResult, options: ImportOptions): Promise<Stored> {
    const { list, sha256 } = read;
    const { contracts } = list;
    const now = this.clock.now();
    const last = await lastAsOf(manager, list.exchanges());
    const given = options.asOf ?? inferAsOf(contracts, now);
    const asOf = options.force && last !== null ? Math.max(given, last) : given;
    refuseOlder(asOf, last);
    const underlyingIds = await syncUnderlyings(manager, list.underlyings);
    const known = await loadKnown(manager, list.exchanges(), earliestExpiry(contracts));
    if (!options.force) refuseSmall(contracts, known, istDate(asOf));
    const identified = contracts.map((contract) => ({
      underlyingId: underlyingIds.get(contract.underlying.key) as number,
      contract,
    }));
    const diff = diffContracts(known, identified, istDate(asOf));
    await writeDiff(manager, diff, validFrom(asOf, last));
    await manager.query(
      `INSERT INTO "instrument_import"
       ("source", "exchanges", "as_of", "imported_at", "row_count", "contract_count", "sha256")
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [options.source, list.exchanges().join(','), asOf, now, list.rows, contracts.length, sha256],
    );
    return { counts: diff.counts, asOf };
  }
}
