import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock } from './clock/clock.js';
import type { Config } from './config/config.js';
import { CoreModule } from './core.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { HealthModule } from './health/health.module.js';
import { ScheduleModule } from './schedule/schedule.module.js';

/** The server: the core with its scheduled jobs, the gateway for screens, and health. */
@Module({})
export class ServerModule {
  static with(config: Config, clock?: Clock): DynamicModule {
    return {
      module: ServerModule,
      imports: [CoreModule.with(config, clock), ScheduleModule, GatewayModule, HealthModule],
    };
  }
}
