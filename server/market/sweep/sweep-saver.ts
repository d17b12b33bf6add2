import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { FenceLost } from '../../database/lease.js';
import { istTime } from '../../domain/slot.js';
import { SECOND_MS, type EpochMs } from '../../domain/units.js';
import type { SweepStatus } from '../../protocol/index.js';
import { MarketRecorder, type Recorded } from './recorder.js';
import type { SlotSweep } from './slot-sweep.js';
import { SweepMetrics } from './sweep-metrics.js';

/** Minutes that wait in memory while the database takes none. */
const WAITING_AT_MOST = 10;
const RETRY_MS = 5 * SECOND_MS;

/** A sweep whose minute is over. */
interface Waiting {
  sweep: SlotSweep;
  status: SweepStatus;
  /** Calls sent, of how many. */
  calls: string;
}

/** Stores sweeps in the order of their minutes; what the database does not take waits, and is tried again. */
@Injectable()
export class SweepSaver {
  private readonly log = new Logger(SweepSaver.name);
  private readonly waiting: Waiting[] = [];
  private notBefore: EpochMs = 0;

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(MarketRecorder) private readonly recorder: MarketRecorder,
    @Inject(SweepMetrics) private readonly metrics: SweepMetrics,
  ) {}

  /** Takes a sweep whose minute is over and stores it, after all that wait. */
  async add(sweep: SlotSweep, status: SweepStatus, calls: string): Promise<void> {
    this.recorder.takeOwn(sweep);
    this.waiting.push({ sweep, status, calls });
    if (this.waiting.length > WAITING_AT_MOST) {
      const lost = this.waiting.shift()!.sweep.slot;
      this.log.error(`sweep slot=${istTime(lost).slice(0, 5)} is lost: the database has taken nothing since`);
    }
    await this.save();
  }

  /** Stores what waits, oldest first. A failure is logged, and tried again after some seconds. */
  async save(): Promise<void> {
    if (this.clock.now() < this.notBefore) return;
    try {
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        const began = performance.now();
        const recorded = await this.recorder.record(next.sweep, next.status);
        this.waiting.shift();
        this.report(next, recorded, performance.now() - began);
      }
    } catch (error) {
      if (error instanceof FenceLost) return this.drop();
      this.notBefore = this.clock.now() + RETRY_MS;
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(`${this.waiting.length} swept minutes wait for the database (${message})`);
    }
  }

  /** Another process has taken over: these minutes are its own to sweep. */
  private drop(): void {
    this.log.warn(`${this.waiting.length} swept minutes are left to the process that collects now`);
    this.waiting.length = 0;
  }

  private report({ sweep, calls }: Waiting, recorded: Recorded, ms: number): void {
    const { outcome, captured, refused, missing } = recorded;
    this.metrics.lastRecordMs = ms;
    if (outcome === 'stored') this.metrics.minutesStored += 1;
    this.metrics.chains.captured += captured;
    this.metrics.chains.refused += refused;
    this.metrics.chains.missing += missing;
    this.log.log(
      `sweep slot=${istTime(sweep.slot).slice(0, 5)} captured=${captured} refused=${refused} ` +
        `missing=${missing} calls=${calls} ms=${ms.toFixed(0)} outcome=${outcome}`,
    );
  }
}
