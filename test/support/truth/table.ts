import { buildUpLabels, nearestStrike, percent, totals } from './figures.js';
import { MINUTE, sessionStart } from './time.js';
import {
  SIDES,
  type Accepted,
  type ChainAnswers,
  type ExpectedChange,
  type ExpectedLeg,
  type ExpectedRow,
  type ExpectedTable,
  type Side,
} from './types.js';

export const INTERVALS: readonly number[] = [3, 5, 10, 15, 30];
export const TOLERANCE_MS = 90_000;

/** A leg's place in a chain, for sets and maps. */
const name = (strike: number, side: Side): string => `${strike} ${side}`;

/** Where one window of a table may start. */
interface Window {
  /** Captures at or before the window's start, and those of them that the tolerance allows, both newest first. */
  before: readonly Accepted[];
  inRange: readonly Accepted[];
}

/** What every cell of one table is computed from. */
interface Scene {
  chain: ChainAnswers;
  /** The table's own capture. */
  now: Accepted;
  windows: readonly Window[];
  /** Slot in which each leg (`strike side`) and each strike of the session was first in an answer. */
  firstSeen: ReadonlyMap<string, number>;
}

function windowOf(session: readonly Accepted[], slot: number, minutes: number): Window {
  const newest = slot - minutes * MINUTE;
  const before = session.filter((capture) => capture.slot <= newest).reverse();
  return { before, inRange: before.filter((capture) => capture.slot >= newest - TOLERANCE_MS) };
}

function firstSeen(session: readonly Accepted[]): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { slot, strikes } of session)
    for (const [strike, both] of strikes) {
      if (!seen.has(String(strike))) seen.set(String(strike), slot);
      for (const side of SIDES) {
        const key = name(strike, side);
        if (both[side] && !seen.has(key)) seen.set(key, slot);
      }
    }
  return seen;
}

const legOf = (capture: Accepted, strike: number, side: Side) => capture.strikes.get(strike)?.[side] ?? null;

/** Measured from the newest capture in the window's base range in which the leg's OI is known. */
function change(scene: Scene, strike: number, side: Side, window: Window): ExpectedChange | null {
  const leg = legOf(scene.now, strike, side);
  const from = window.inRange.find((capture) => legOf(capture, strike, side)?.oi != null);
  const old = from && legOf(from, strike, side);
  if (leg?.oi == null || !from || old?.oi == null) return null;
  return {
    abs: leg.oi - old.oi,
    pct: percent(leg.oi - old.oi, old.oi),
    baseSlot: from.slot,
    buildUp: buildUpLabels(leg.oi, old.oi, leg.ltp, old.ltp),
  };
}

/** Why there is no value: the words of the rules, mapped to the codes of the wire. */
function reasons(scene: Scene, strike: number, side: Side, window: Window): string[] {
  if (legOf(scene.now, strike, side)?.oi == null) return ['oi-unknown'];
  const [newest] = window.before;
  if (!newest) return ['no-history'];
  if (window.inRange.length === 0) return ['gap'];
  const by = (what: string): boolean => (scene.firstSeen.get(what) ?? Infinity) <= newest.slot;
  if (by(name(strike, side))) return ['base-unknown'];
  // A blank side of a listed strike: a file does not say whether the contract was listed without a trade.
  return by(String(strike)) ? ['not-listed', 'base-unknown'] : ['not-listed'];
}

function leg(scene: Scene, strike: number, side: Side): ExpectedLeg {
  const now = legOf(scene.now, strike, side);
  const oi = now?.oi ?? null;
  const prevOi = scene.chain.prevOi.get(strike)?.[side] ?? null;
  const day = oi === null || prevOi === null ? null : oi - prevOi;
  const changes = scene.windows.map((window) => change(scene, strike, side, window));
  return {
    seen: scene.firstSeen.has(name(strike, side)),
    oi,
    prevOi,
    dayChange: day === null || prevOi === null ? null : { abs: day, pct: percent(day, prevOi) },
    ltp: now?.ltp ?? null,
    volume: now?.volume ?? null,
    changes,
    reasons: scene.windows.map((window, i) => (changes[i] ? [] : reasons(scene, strike, side, window))),
  };
}

/**
 * The table that the rules of truth demand at a slot.
 * @param accepted the chain's accepted captures, oldest first
 * @throws RangeError when nothing was captured in that slot
 */
export function expectedTable(
  chain: ChainAnswers,
  accepted: readonly Accepted[],
  slot: number,
): ExpectedTable {
  const start = sessionStart(slot);
  const session = accepted.filter((capture) => capture.slot >= start && capture.slot <= slot);
  const now = session.at(-1);
  if (now?.slot !== slot) throw new RangeError(`${chain.underlying} ${chain.expiry}: no capture at ${slot}`);
  const windows = INTERVALS.map((minutes) => windowOf(session, slot, minutes));
  const scene = { chain, now, windows, firstSeen: firstSeen(session) };
  const strikes = [...new Set(session.flatMap((capture) => [...capture.strikes.keys()]))];
  strikes.sort((a, b) => a - b);
  const rows: ExpectedRow[] = strikes.map((strike) => ({
    strike,
    call: leg(scene, strike, 'call'),
    put: leg(scene, strike, 'put'),
  }));
  const atmStrike = nearestStrike(strikes, now.spot);
  return {
    symbol: chain.underlying,
    expiry: chain.expiry,
    slot,
    spot: now.spot,
    atmStrike,
    intervals: INTERVALS,
    totals: totals(rows, now.spot, atmStrike),
    rows,
  };
}
