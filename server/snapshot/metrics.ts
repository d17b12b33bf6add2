import { Injectable } from '@nestjs/common';

/** What became of a due capture. */
export type CaptureOutcome = 'captured' | 'skipped' | 'refused' | 'failed';

/** Counts since the start of the process; health/ publishes them. */
@Injectable()
export class SnapshotMetrics {
  readonly captures: Record<CaptureOutcome, number> = { captured: 0, skipped: 0, refused: 0, failed: 0 };
  tablesComputed = 0;
  framesEncoded = 0;
  backfilledSlots = 0;
  phantomLegs = 0;
  /** Broker answer received → change handed to the sockets, ms of real time, of the last capture. */
  lastPublishMs: number | null = null;
}
