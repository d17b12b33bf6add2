import type { Clock } from '../../server/clock/clock.js';

export interface Pace {
  /** What it shows at `since`, epoch ms. */
  start: number;
  rate: number;
  /** By the machine's clock, epoch ms. */
  since: number;
}

export declare class SharedClock implements Clock, Pace {
  /** @param file of the lead, which exists */
  constructor(file: string, pace: Pace);
  readonly file: string;
  readonly start: number;
  readonly rate: number;
  readonly since: number;
  now(): number;
  skipTo(time: number): void;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
