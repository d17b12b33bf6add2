import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** The framework's own account of what it wires together: dozens of lines that say nothing of this tracker. */
const NOISE = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

/** Errors whose message is all that the person at the console needs; whoever started the program prints it. */
const REFUSALS = new Set(['ConfigError', 'DatabaseRefused', 'VaultError']);

/**
 * The server's log: readable lines on a terminal, one JSON object a line for everything that collects logs. Fields such
 * as `requestId` and `captureId` are given as an object after the message and stand beside it.
 */
export class AppLogger extends ConsoleLogger {
  constructor(logLevels: LogLevel[], json: boolean) {
    super({ prefix: 'OI Tracker', logLevels, json, colors: !json, flattenParams: true });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && NOISE.has(context)) return;
    super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    const again =
      rest.at(-1) === 'ExceptionHandler' && message instanceof Error && REFUSALS.has(message.name);
    if (!again) super.error(message, ...rest);
  }
}

/** @param logLevels which levels are written; by default all but debug and verbose. */
export function appLogger(logLevels: LogLevel[] = ['log', 'warn', 'error', 'fatal']): AppLogger {
  return new AppLogger(logLevels, !process.stdout.isTTY);
}
