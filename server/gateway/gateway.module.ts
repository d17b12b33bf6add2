import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MarketBoardModule } from '../market/board/board.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { ChainGateway } from './chain.gateway.js';
import { MarketRoom } from './market-room.js';
import { ScreenRequests } from './screen-requests.js';

@Module({
  imports: [AuthModule, SnapshotModule, MarketBoardModule],
  providers: [ChainGateway, MarketRoom, ScreenRequests],
  exports: [ChainGateway],
})
export class GatewayModule {}
