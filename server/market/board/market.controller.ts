import { Controller, Get, Header, HttpStatus, Inject, UseGuards } from '@nestjs/common';
import { SessionGuard } from '../../auth/session.guard.js';
import { ApiError } from '../../http/api-error.js';
import type { MarketBoard } from '../../protocol/index.js';
import { boardCsv } from './board-csv.js';
import { MarketBoards } from './market-boards.js';

/** The market's rows over HTTP, for scripts and downloads; screens get theirs pushed. */
@Controller('api')
@UseGuards(SessionGuard)
export class MarketController {
  constructor(@Inject(MarketBoards) private readonly boards: MarketBoards) {}

  @Get('market')
  board(): MarketBoard {
    const board = this.boards.current();
    if (board) return board;
    const why =
      this.boards.sweep.message ?? 'It is swept while the market is open and a broker token is valid.';
    throw new ApiError(HttpStatus.NOT_FOUND, 'no-data', `Nothing of the market was swept yet. ${why}`);
  }

  @Get('market.csv')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  @Header('Content-Disposition', 'attachment; filename="oi-market.csv"')
  csv(): string {
    return boardCsv(this.board());
  }
}
