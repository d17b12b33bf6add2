import { Controller, Get, Header, HttpStatus, Inject, Param, Query, UseGuards } from '@nestjs/common';
import { SessionGuard } from '../auth/session.guard.js';
import { Clock } from '../clock/clock.js';
import type { Table } from '../domain/delta-table.js';
import { isIsoDate, istDate, parseInstant } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import { ApiError } from '../http/api-error.js';
import type { QualityReport } from '../protocol/index.js';
import { ChainService } from './chain-service.js';
import { QualityService } from './quality-service.js';
import { tableCsv } from './table-csv.js';
import { rowsAround } from './table-window.js';
import { Watching } from './watching.js';

interface TableQuery {
  at?: unknown;
  window?: unknown;
}

/** Tables and the quality report over HTTP, for scripts, downloads and looks into the past; screens get theirs pushed. */
@Controller('api')
@UseGuards(SessionGuard)
export class ChainsController {
  constructor(
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(Watching) private readonly watching: Watching,
    @Inject(QualityService) private readonly quality: QualityService,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** `?at=` ISO time: the newest table at or before it. `?window=N`: only N strikes on either side of ATM. */
  @Get('chains/:key/:expiry/table')
  async table(
    @Param('key') key: string,
    @Param('expiry') expiry: string,
    @Query() query: TableQuery,
  ): Promise<Table> {
    const strikes = parseWindow(query.window);
    const table = await this.find(key, expiry, parseAt(query.at));
    return strikes === null ? table : rowsAround(table, strikes);
  }

  @Get('chains/:key/:expiry/table.csv')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  @Header('Content-Disposition', 'attachment; filename="oi-table.csv"')
  async csv(
    @Param('key') key: string,
    @Param('expiry') expiry: string,
    @Query() query: TableQuery,
  ): Promise<string> {
    return tableCsv(await this.table(key, expiry, query));
  }

  @Get('quality')
  async qualityReport(@Query('date') date: unknown): Promise<QualityReport> {
    return this.quality.report(date === undefined ? istDate(this.clock.now()) : parseDate(date));
  }

  private async find(key: string, expiry: string, at: EpochMs | null): Promise<Table> {
    const asked = { underlying: key, expiry: parseDate(expiry) };
    const listing = await this.chains.listing(asked);
    const chain = { underlying: listing.underlying.key, expiry: asked.expiry };
    const table = at === null ? await this.watching.glance(chain) : await this.chains.at(chain, at);
    if (table) return table;
    const when =
      at === null
        ? 'yet. It is collected while the market is open and a broker token is valid'
        : 'by that time';
    throw new ApiError(
      HttpStatus.NOT_FOUND,
      'no-data',
      `Nothing of ${listing.underlying.symbol} ${asked.expiry} was captured ${when}.`,
    );
  }
}

function parseAt(at: unknown): EpochMs | null {
  if (at === undefined) return null;
  // A plus sign that was not percent-encoded arrives as a space.
  const text = typeof at === 'string' ? at.replace(' ', '+') : '';
  const time = parseInstant(text);
  if (time === null)
    throw badRequest('`at` must be a time with its offset, such as 2026-08-18T14:32:00+05:30.');
  return time;
}

function parseWindow(window: unknown): number | null {
  if (window === undefined) return null;
  const strikes = typeof window === 'string' && /^\d{1,4}$/.test(window) ? Number(window) : 0;
  if (strikes < 1) throw badRequest('`window` must be a number of strikes on either side of ATM, 1 or more.');
  return strikes;
}

function parseDate(date: unknown): IsoDate {
  if (typeof date !== 'string' || !isIsoDate(date)) throw badRequest('A date must be written YYYY-MM-DD.');
  return date;
}

function badRequest(message: string): ApiError {
  return new ApiError(HttpStatus.BAD_REQUEST, 'bad-request', message);
}
