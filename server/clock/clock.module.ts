import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Clock, SystemClock, VirtualClock } from './clock.js';

/** The clock that a configuration asks for: the system's, unless CLOCK_START names another beginning. */
export function clockOf(config: Config): Clock {
  const { start, rate, since } = config.clock;
  if (start === null) return new SystemClock();
  return new VirtualClock(since === null ? start : start + (Date.now() - since) * rate, rate);
}

/** Provides `Clock` everywhere: the configured one, or the given one with `ClockModule.with(clock)`. */
@Global()
@Module({})
export class ClockModule {
  static fromConfig(): DynamicModule {
    return {
      module: ClockModule,
      providers: [{ provide: Clock, useFactory: clockOf, inject: [CONFIG] }],
      exports: [Clock],
    };
  }

  static with(clock: Clock): DynamicModule {
    return { module: ClockModule, providers: [{ provide: Clock, useValue: clock }], exports: [Clock] };
  }
}
