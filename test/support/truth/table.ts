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

/** What every cell of one table is computed from. */
interface Scene {
  chain: ChainAnswers;
  /** The captures of the table's session up to its slot, oldest first. The last one is the table's own. */
  session: readonly Accepted[];
  now: Accepted;
}

const legOf = (capture: Accepted, strike: number, side: Side) => capture.strikes.get(strike)?.[side] ?? null;

/** The newest capture in the window's base range in which the leg's OI is known. */
function base(scene: Scene, strike: number, side: Side, minutes: number): Accepted | null {
  const newest = scene.now.slot - minutes * MINUTE;
  const found = scene.session.filter(
    (capture) =>
      capture.slot <= newest &&
      capture.slot >= newest - TOLERANCE_MS &&
      legOf(capture, strike, side)?.oi != null,
  );
  return found.at(-1) ?? null;
}

function change(scene: Scene, strike: number, side: Side, minutes: number): ExpectedChange | null {
  const leg = legOf(scene.now, strike, side);
  const from = base(scene, strike, side, minutes);
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
function reasons(scene: Scene, strike: number, side: Side, minutes: number): string[] {
  if (change(scene, strike, side, minutes)) return [];
  if (legOf(scene.now, strike, side)?.oi == null) return ['oi-unknown'];
  const newest = scene.now.slot - minutes * MINUTE;
  const before = scene.session.filter((capture) => capture.slot <= newest);
  if (before.length === 0) return ['no-history'];
  if (!before.some((capture) => capture.slot >= newest - TOLERANCE_MS)) return ['gap'];
  return before.some((capture) => legOf(capture, strike, side)) ? ['base-unknown'] : ['not-listed'];
}

function leg(scene: Scene, strike: number, side: Side): ExpectedLeg | null {
  if (!scene.session.some((capture) => legOf(capture, strike, side))) return null;
  const now = legOf(scene.now, strike, side);
  const oi = now?.oi ?? null;
  const prevOi = scene.chain.prevOi.get(strike)?.[side] ?? null;
  const day = oi === null || prevOi === null ? null : oi - prevOi;
  return {
    oi,
    prevOi,
    dayChange: day === null || prevOi === null ? null : { abs: day, pct: percent(day, prevOi) },
    ltp: now?.ltp ?? null,
    volume: now?.volume ?? null,
    changes: INTERVALS.map((minutes) => change(scene, strike, side, minutes)),
    reasons: INTERVALS.map((minutes) => reasons(scene, strike, side, minutes)),
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
  const scene = { chain, session, now };
  const strikes = [...new Set(session.flatMap((capture) => [...capture.strikes.keys()]))];
  strikes.sort((a, b) => a - b);
  const rows: ExpectedRow[] = strikes.map((strike) => {
    const [call = null, put = null] = SIDES.map((side) => leg(scene, strike, side));
    return { strike, call, put };
  });
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
