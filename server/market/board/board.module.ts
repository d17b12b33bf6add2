import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { MarketModule } from '../market.module.js';
import { MarketBoards } from './market-boards.js';
import { MarketController } from './market.controller.js';

/** What screens and scripts see of the market. */
@Module({
  imports: [AuthModule, MarketModule],
  controllers: [MarketController],
  providers: [MarketBoards],
  exports: [MarketBoards],
})
export class MarketBoardModule {}
