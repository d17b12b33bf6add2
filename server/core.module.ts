import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import type { Clock } from './clock/clock.js';
import { ClockModule } from './clock/clock.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { InstrumentsModule } from './instruments/instruments.module.js';
import { MarketModule } from './market/market.module.js';
import { SnapshotModule } from './snapshot/snapshot.module.js';
import { UpstoxModule } from './upstox/upstox.module.js';

/** What the server and the commands share: no scheduler, no gateway. */
@Module({})
export class CoreModule {
  /** @param clock instead of the configured one: a replay shares its clock with the simulator, a test drives its own. */
  static with(config: Config, clock?: Clock): DynamicModule {
    return {
      module: CoreModule,
      imports: [
        ConfigModule.with(config),
        clock ? ClockModule.with(clock) : ClockModule.fromConfig(),
        DatabaseModule,
        UpstoxModule,
        AuthModule,
        InstrumentsModule,
        SnapshotModule,
        MarketModule,
      ],
    };
  }
}
