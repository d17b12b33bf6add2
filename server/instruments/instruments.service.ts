import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.js';
import { WriteQueue } from '../database/write-queue.js';
import { addDays, istAt, istDate } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { ExpiryInfo, UnderlyingInfo } from '../protocol/index.js';
import { Broker } from '../upstox/broker.js';
import { BrokerError } from '../upstox/errors.js';
import { LIST_TIME } from './import-checks.js';
import { ImportRefused, type ImportProgress, type ImportReport } from './import-report.js';
import { InstrumentCatalog } from './instrument-catalog.js';
import { InstrumentImporter, type ImportOptions } from './instrument-importer.js';
import { newestImport } from './known-contracts.js';
import type { ChainListing, InstrumentsStatus, ListedContract, UnderlyingListing } from './listing.js';
import { ensureRecorded } from './recorded-contracts.js';

export type { ImportOptions } from './instrument-importer.js';
export { ImportRefused, type ImportProgress, type ImportReport } from './import-report.js';
export {
  lotAt,
  type ChainListing,
  type InstrumentsStatus,
  type ListedContract,
  type UnderlyingListing,
} from './listing.js';

/** The instrument list: importing it, and every question about underlyings, expiries, contracts and keys. */
@Injectable()
export class InstrumentsService implements OnModuleInit {
  private readonly importer: InstrumentImporter;
  private readonly catalog: InstrumentCatalog;
  private state: InstrumentsStatus = { state: 'missing', rows: 0, asOf: null };

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(WriteQueue) private readonly writes: WriteQueue,
    @Inject(Broker) private readonly broker: Broker,
    @Inject(Clock) private readonly clock: Clock,
  ) {
    this.importer = new InstrumentImporter(writes, clock);
    this.catalog = new InstrumentCatalog(dataSource);
  }

  /** Learns from the database which list is in use. */
  async onModuleInit(): Promise<void> {
    const last = await newestImport(this.dataSource.manager);
    if (last) this.state = { state: 'ready', ...last };
  }

  /**
   * Imports a gzip instrument master, in one transaction.
   * @throws ImportRefused when the file is not accepted or another import is under way; the list stays as it was.
   */
  importFrom(stream: NodeJS.ReadableStream, options: ImportOptions): Promise<ImportReport> {
    return this.importing(() => Promise.resolve({ stream, options }), options.onProgress);
  }

  /**
   * Downloads the broker's list of today and imports it.
   * @param exchanges only these (NSE, BSE, MCX); all when left out.
   * @param force see `ImportOptions.force`.
   * @throws ImportRefused as above, or BrokerError when it cannot be downloaded.
   */
  importFromBroker(
    exchanges?: readonly string[],
    onProgress?: (progress: ImportProgress) => void,
    force = false,
  ): Promise<ImportReport> {
    const name = fileOf(exchanges);
    return this.importing(async () => {
      const { body, bytes } = await this.broker.instrumentMaster(name);
      const asOf = this.clock.now();
      return { stream: body, options: { source: `broker: ${name}.json.gz`, exchanges, bytes, asOf, force } };
    }, onProgress);
  }

  /** The list in use or the import under way, for the screens. */
  status(): InstrumentsStatus {
    return { ...this.state };
  }

  /** Another number whenever the list may have changed: what was learnt from it before must be looked up again. */
  get edition(): number {
    return this.catalog.edition;
  }

  /** Takes up a list that another process has imported. @returns whether there was one. */
  async refresh(): Promise<boolean> {
    if (this.state.state === 'importing') return false;
    const last = await newestImport(this.dataSource.manager);
    if (!last || last.asOf <= (this.state.asOf ?? 0) || this.isImporting()) return false;
    this.state = { state: 'ready', ...last };
    this.catalog.invalidate();
    return true;
  }

  /** Whether a new list is due: there is none, or none since the newest 06:00 IST. */
  needsImport(now: EpochMs): boolean {
    if (this.state.state === 'importing') return false;
    if (this.state.asOf === null) return true;
    const today = istAt(istDate(now), LIST_TIME);
    const due = now >= today ? today : istAt(addDays(istDate(now), -1), LIST_TIME);
    return this.state.asOf < due;
  }

  /** Underlyings with options that have not expired: indices, then stocks A–Z, then commodities. */
  underlyings(today: IsoDate): Promise<UnderlyingInfo[]> {
    return this.catalog.underlyings(today);
  }

  /** By key (`NSE_INDEX|Nifty 50`) or symbol (`NIFTY`); `null` when the list has neither. */
  underlying(keyOrSymbol: string): Promise<UnderlyingListing | null> {
    return this.catalog.underlying(keyOrSymbol, istDate(this.clock.now()));
  }

  /** The same as `underlying`: what a person typed or configured, to what the list has. */
  resolve(symbolOrKey: string): Promise<UnderlyingListing | null> {
    return this.underlying(symbolOrKey);
  }

  /** Expiries that have not passed, ascending; none for an unknown underlying. */
  expiries(key: string, today: IsoDate): Promise<ExpiryInfo[]> {
    return this.catalog.expiries(key, today);
  }

  /** The options of a chain, also of a past one; `null` when the list never had it. */
  chain(key: string, expiry: IsoDate): Promise<ChainListing | null> {
    return this.catalog.chain(key, expiry);
  }

  /** The same as far as memory knows; `null` also where the database would have to be asked. */
  chainInMemory(key: string, expiry: IsoDate): ChainListing | null {
    return this.catalog.chainInMemory(key, expiry);
  }

  /** The broker's key of a contract at a time; `null` where none is known. */
  keyAt(contract: ListedContract, at: EpochMs): string | null {
    const valid = contract.keys.find(({ from, to }) => from <= at && (to === null || at < to));
    return valid?.key ?? null;
  }

  /**
   * Makes sure that the options of a recorded chain have a place, though no list may have had them.
   * @returns the underlying's key: the list's, or `IMPORTED|SYMBOL` while no list has the symbol.
   */
  async ensureContracts(symbol: string, expiry: IsoDate, strikes: readonly number[]): Promise<string> {
    const known = await this.underlying(symbol);
    const now = this.clock.now();
    const key = await this.writes.write((manager) =>
      ensureRecorded(manager, known, { symbol: known?.symbol ?? symbol, expiry, strikes }, now),
    );
    this.catalog.invalidate();
    return key;
  }

  private isImporting(): boolean {
    return this.state.state === 'importing';
  }

  private async importing(
    open: () => Promise<{ stream: NodeJS.ReadableStream; options: ImportOptions }>,
    onProgress: ((progress: ImportProgress) => void) | undefined,
  ): Promise<ImportReport> {
    if (this.state.state === 'importing')
      throw new ImportRefused('busy', 'An instrument import is under way already. Wait until it is done.');
    const { asOf } = this.state;
    this.state = { state: 'importing', rows: 0, asOf };
    try {
      const { stream, options } = await open();
      const progress = (at: ImportProgress): void => {
        this.state.rows = at.rows;
        onProgress?.(at);
      };
      const report = await this.importer.run(stream, { ...options, onProgress: progress });
      this.state = { state: 'ready', rows: report.rows, asOf: Math.max(report.asOf, asOf ?? report.asOf) };
      return report;
    } catch (error) {
      this.state = { state: 'failed', rows: 0, asOf, problem: problemOf(error) };
      throw error;
    } finally {
      this.catalog.invalidate();
    }
  }
}

/** What went wrong, for a trader. Only these errors are made of words for one. */
function problemOf(error: unknown): string {
  if (error instanceof BrokerError || error instanceof ImportRefused) return error.message;
  return 'an unexpected error, which the log of the server names';
}

/** One exchange has a file of its own, a thirtieth to a half of the complete one. */
function fileOf(exchanges: readonly string[] | undefined): 'complete' | 'NSE' | 'BSE' | 'MCX' {
  const only = exchanges?.length === 1 ? exchanges[0] : undefined;
  return only === 'NSE' || only === 'BSE' || only === 'MCX' ? only : 'complete';
}
