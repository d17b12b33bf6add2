import type { SessionHistory } from './history.js';
import { packQuote } from './pack.js';
import type { CaptureSource, ChainQuote, ChainSnapshot } from './snapshot.js';
import { countUnknown, phantomZeros, suspect, type RefusalReason } from './suspicion.js';
import type { EpochMs, Slot } from './units.js';

export type { RefusalReason } from './suspicion.js';

export interface Accepted {
  accepted: true;
  /** The answer, packed, its phantom zeros made unknown. */
  snapshot: ChainSnapshot;
  /** Legs whose OI was 0 and is not believed. */
  phantomLegs: number;
  /** Legs listed in the session so far whose OI is unknown in this slot, phantom zeros included. */
  unknownLegs: number;
  /** It would have been refused, but three refusals in a row let it pass. */
  afterRefusals: boolean;
}

export interface Refused {
  accepted: false;
  reason: RefusalReason;
  /** In words, with the figures that decided. */
  detail: string;
  slot: Slot;
  source: CaptureSource;
}

export type Verdict = Accepted | Refused;

/** After so many refusals in a row the next answer is believed: one bad capture cannot lock a chain out. */
export const REFUSALS_IN_A_ROW = 3;

/**
 * The rules for suspect answers, for ONE chain in ONE session. `judge` looks and changes nothing; `commit`
 * makes its verdict count. Between the two the caller stores the snapshot, so that nothing counts which is
 * not on disk.
 *
 * What was accepted lives in the `SessionHistory` alone, which tables are computed from too; slots rebuilt
 * from candles give a leg's last known OI, are never the reference for volume, and leave the count of
 * refusals as it is.
 */
export class Acceptance {
  #refusals: number;

  constructor(
    readonly history: SessionHistory,
    consecutiveRefusals = 0,
  ) {
    this.#refusals = consecutiveRefusals;
  }

  /**
   * The state after a restart.
   * @param history accepted snapshots of the session, from the store.
   * @param consecutiveRefusals refusals since the newest accepted answer.
   */
  static restore(history: SessionHistory, consecutiveRefusals: number): Acceptance {
    return new Acceptance(history, consecutiveRefusals);
  }

  get consecutiveRefusals(): number {
    return this.#refusals;
  }

  /**
   * Judges an answer by what was accepted in earlier slots. Refused when every known OI is 0 or none is known
   * (`all-zero`), or when its volume over the legs that both it and the newest accepted answer carry is lower
   * than it was (`stale-volume`). A leg with OI 0 whose last known OI was above 0, while its volume has not
   * risen since or is not given, is unknown.
   * @throws RangeError from `packQuote` for an answer with a strike that is none, or stands twice.
   */
  judge(quote: ChainQuote, slot: Slot, capturedAt: EpochMs, source: CaptureSource): Verdict {
    const packed = packQuote(quote, slot, capturedAt, source);
    const suspicion = suspect(this.history, packed);
    const isLetPass = source !== 'backfill' && this.#refusals >= REFUSALS_IN_A_ROW;
    if (suspicion !== null && !isLetPass) return { accepted: false, ...suspicion, slot, source };
    const phantoms = phantomZeros(this.history, packed);
    for (const leg of phantoms) packed.oi[leg] = NaN;
    return {
      accepted: true,
      snapshot: packed,
      phantomLegs: phantoms.length,
      unknownLegs: countUnknown(this.history, packed),
      afterRefusals: suspicion !== null,
    };
  }

  /**
   * Takes an accepted snapshot into the history, or counts a refusal.
   * @returns `true` when the history grew; `false` for a refusal, or a slot that was there already (nothing
   * changes then).
   */
  commit(verdict: Verdict): boolean {
    if (verdict.accepted) {
      const isNew = this.history.add(verdict.snapshot);
      if (isNew && verdict.snapshot.source !== 'backfill') this.#refusals = 0;
      return isNew;
    }
    if (verdict.source !== 'backfill') this.#refusals++;
    return false;
  }
}
