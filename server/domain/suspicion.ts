import type { Side } from './contract.js';
import type { SessionHistory } from './history.js';
import { legAt } from './pack.js';
import { istTime } from './slot.js';
import type { ChainSnapshot } from './snapshot.js';
import type { Slot } from './units.js';

/** Why an answer was refused: no OI above 0 anywhere, or a volume that ran backwards. */
export type RefusalReason = 'all-zero' | 'stale-volume';

export interface Suspicion {
  reason: RefusalReason;
  /** In words, with the figures that decided. */
  detail: string;
}

const SIDES: readonly Side[] = ['call', 'put'];

/** What speaks against an answer, judged by the session's earlier slots; `null` when nothing does. */
export function suspect(history: SessionHistory, answer: ChainSnapshot): Suspicion | null {
  if (!answer.oi.some((oi) => oi > 0)) {
    const zeros = answer.oi.filter((oi) => oi === 0).length;
    return { reason: 'all-zero', detail: `no OI above 0: ${zeros} legs at 0, the others without OI` };
  }
  // Volumes of a rebuilt slot are sums of candles, not an answer that could be stale.
  const reference = answer.source === 'backfill' ? null : newestAnswerBefore(history, answer.slot);
  if (reference === null) return null;
  const { now, before, legs } = commonVolume(history, answer, reference);
  if (now >= before) return null;
  const since = istTime(reference.slot).slice(0, 5);
  return {
    reason: 'stale-volume',
    detail: `volume ${now} is below ${before} of ${since} IST over the ${legs} legs both carry`,
  };
}

/**
 * Legs whose OI of 0 is not believed: their last known OI in the session was above 0, and their volume has
 * not risen since then or is not given.
 * @returns numbers of the legs in the answer's columns.
 */
export function phantomZeros(history: SessionHistory, answer: ChainSnapshot): number[] {
  const phantoms: number[] = [];
  eachLeg(answer, (leg, strike, side) => {
    if (answer.oi[leg] !== 0) return;
    const last = lastKnown(history, answer.slot, strike, side);
    if (last === null || last.oi === 0) return;
    // A volume that is not given (NaN) compares as not risen.
    const hasRisen = answer.volume[leg]! > last.volume;
    if (!hasRisen) phantoms.push(leg);
  });
  return phantoms;
}

/** Number of legs listed in the session up to the answer's slot whose OI the answer leaves unknown. */
export function countUnknown(history: SessionHistory, answer: ChainSnapshot): number {
  let unknown = 0;
  eachLeg(answer, (leg) => {
    if (answer.present[leg] === 1 && Number.isNaN(answer.oi[leg])) unknown++;
  });
  for (const strike of history.strikes(answer.slot)) {
    for (const side of SIDES) {
      const since = history.listedSince(strike, side);
      const isListed = since !== null && since <= answer.slot;
      if (isListed && answer.present[history.legIndex(answer, strike, side)] !== 1) unknown++;
    }
  }
  return unknown;
}

function newestAnswerBefore(history: SessionHistory, slot: Slot): ChainSnapshot | null {
  for (const snapshot of history.inRange(history.sessionStart, slot - 1)) {
    if (snapshot.source !== 'backfill') return snapshot;
  }
  return null;
}

/** Σ volume over the legs whose volume both snapshots know, in units. */
function commonVolume(history: SessionHistory, answer: ChainSnapshot, reference: ChainSnapshot) {
  const sums = { now: 0, before: 0, legs: 0 };
  eachLeg(answer, (leg, strike, side) => {
    const now = answer.volume[leg]!;
    const before = reference.volume[history.legIndex(reference, strike, side)] ?? NaN;
    if (Number.isNaN(now) || Number.isNaN(before)) return;
    sums.now += now;
    sums.before += before;
    sums.legs++;
  });
  return sums;
}

/** The leg's newest known OI before the slot, with its volume then. */
function lastKnown(history: SessionHistory, slot: Slot, strike: number, side: Side) {
  for (const snapshot of history.inRange(history.sessionStart, slot - 1)) {
    const leg = history.legIndex(snapshot, strike, side);
    const oi = snapshot.oi[leg] ?? NaN;
    if (!Number.isNaN(oi)) return { oi, volume: snapshot.volume[leg]! };
  }
  return null;
}

function eachLeg(snapshot: ChainSnapshot, visit: (leg: number, strike: number, side: Side) => void): void {
  for (let row = 0; row < snapshot.strikes.length; row++) {
    for (const side of SIDES) visit(legAt(row, side), snapshot.strikes[row]!, side);
  }
}
