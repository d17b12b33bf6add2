import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { SnapshotModule } from '../snapshot/snapshot.module.js';
import { ChainGateway } from './chain.gateway.js';

@Module({ imports: [AuthModule, SnapshotModule], providers: [ChainGateway], exports: [ChainGateway] })
export class GatewayModule {}
