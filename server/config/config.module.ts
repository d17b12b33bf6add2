import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';
import { configFromProcess } from './load-config.js';

/** Provides CONFIG everywhere: from the environment, or the given one with `ConfigModule.with(config)`. */
@Global()
@Module({})
export class ConfigModule {
  /** @throws ConfigError when the environment is not usable. */
  static fromProcess(): DynamicModule {
    return ConfigModule.with(configFromProcess());
  }

  static with(config: Config): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
