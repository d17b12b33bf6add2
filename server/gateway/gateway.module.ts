import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MarketBoardModule } from '../market/board/board.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { ChainGateway } from './chain.gateway.js';
import { ReadyAnswers } from './fan-out-answer.js';
import { FanOut } from './fan-out.js';
import { MarketRoom } from './market-room.js';
import { ScreenRequests } from './screen-requests.js';

@Module({
  imports: [AuthModule, SnapshotModule, MarketBoardModule],
  providers: [ChainGateway, FanOut, MarketRoom, ReadyAnswers, ScreenRequests],
  exports: [ChainGateway],
})
export class GatewayModule {}
