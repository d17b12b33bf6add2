import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { appLogger } from '../app-logger.js';
import type { Config } from '../config/config.js';
import { configFromProcess } from '../config/load-config.js';
import { CoreModule } from '../core.module.js';

/**
 * Runs work on the core (database, broker, services; no scheduler, no gateway) and closes it afterwards. Opened by the
 * command that needs it, so that `--help` and `doctor` work where the configuration or the database does not.
 * @throws ConfigError, DatabaseRefused, and what the work throws.
 */
export async function withCore<T>(
  work: (core: INestApplicationContext) => Promise<T>,
  config: Config = configFromProcess(),
): Promise<T> {
  const core = await NestFactory.createApplicationContext(CoreModule.with(config), {
    logger: appLogger(['warn', 'error', 'fatal']),
    abortOnError: false,
  });
  try {
    return await work(core);
  } finally {
    await core.close();
  }
}
