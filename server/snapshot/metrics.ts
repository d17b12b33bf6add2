import { Injectable } from '@nestjs/common';
import type { Slot } from '../domain/units.js';

/** What became of a due capture. */
export type CaptureOutcome = 'captured' | 'skipped' | 'refused' | 'failed';

/** Counts since the start of the process; health/ publishes them. */
@Injectable()
export class SnapshotMetrics {
  readonly captures: Record<CaptureOutcome, number> = { captured: 0, skipped: 0, refused: 0, failed: 0 };
  tablesComputed = 0;
  framesEncoded = 0;
  /** Tables and boards encoded for those who begin to watch: once each, however many come. */
  answersEncoded = 0;
  /**
   * Pushes to single sockets. `direct`: the ready frame was written. `queued`: through Socket.IO's queue, as something
   * else was still going out. `deferred`: the reader is slow, and gets the newest change when it has read what it has.
   * `cut`: it did not read at all.
   */
  readonly pushes = { direct: 0, queued: 0, deferred: 0, cut: 0 };
  backfilledSlots = 0;
  phantomLegs = 0;
  /** Broker answer received → change handed to the sockets, ms of real time, of the last capture. */
  lastPublishMs: number | null = null;
}

/** What became of an answer, for the collector's log line. */
export interface Recorded {
  outcome: Exclude<CaptureOutcome, 'failed'>;
  slot: Slot;
  legs: number;
  unknownLegs: number;
  detail: string | null;
}
