import { Injectable } from '@nestjs/common';

/** Counts since the start of the process; health/ publishes them. */
@Injectable()
export class SweepMetrics {
  /** Whole-market minutes stored. */
  minutesStored = 0;
  /** Calls of the sweep by how they ended. */
  readonly calls = { ok: 0, failed: 0 };
  /** Chains by what became of them, summed over the minutes. */
  readonly chains = { captured: 0, refused: 0, missing: 0 };
  /** Judging, storing and publishing the newest minute, ms of real time. */
  lastRecordMs: number | null = null;
}
