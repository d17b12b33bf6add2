import {
  MOVER_FLOOR_LOTS,
  type MarketMover,
  type MarketMovers,
  type MarketWindow,
} from '../../protocol/index.js';
import { CALL, PUT } from '../minutes/universe.js';
import type { MarketSession } from './market-session.js';
import type { Pass } from './pass.js';

/** The figures of one chain at one slot. */
export interface ChainFigures {
  slot: number;
  /** Units; `null` when no leg of the side is known. */
  callOi: number | null;
  putOi: number | null;
  pcr: number | null;
  /** Options of the chain, and those of them whose OI is unknown at the slot. */
  legs: number;
  unknownLegs: number;
  windows: MarketWindow[];
}

/**
 * Sums, PCR and movers of a chain at the slot of the pass. PCR = Σ put OI ÷ Σ call OI over the known legs; its change
 * compares the same legs at both ends, so that a leg which appears does not look like trading.
 */
export function chainFigures(session: MarketSession, pass: Pass, chain: number): ChainFigures {
  const [calls, puts] = [sumSide(session, pass, chain, CALL), sumSide(session, pass, chain, PUT)];
  const legs = calls.legs + puts.legs;
  return {
    slot: pass.slot!,
    callOi: calls.oi,
    putOi: puts.oi,
    pcr: ratio(puts.oi, calls.oi),
    legs,
    unknownLegs: legs - calls.known - puts.known,
    windows: pass.intervals.map((_, window) => windowFigures(session, pass, chain, window)),
  };
}

/** One window, over the legs that have a base in it. */
function windowFigures(session: MarketSession, pass: Pass, chain: number, window: number): MarketWindow {
  const calls = sumChange(session, pass, chain, window, CALL);
  const puts = sumChange(session, pass, chain, window, PUT);
  const movers: MarketMovers = {
    callBuildUp: moverOf(session, pass, window, calls.builtUp),
    callUnwinding: moverOf(session, pass, window, calls.unwound),
    putBuildUp: moverOf(session, pass, window, puts.builtUp),
    putUnwinding: moverOf(session, pass, window, puts.unwound),
  };
  return {
    callAdd: addOf(calls),
    putAdd: addOf(puts),
    pcrChange: pcrChange(calls, puts),
    legs: calls.known + puts.known,
    topBuildUp: larger(movers.callBuildUp, movers.putBuildUp),
    topUnwinding: larger(movers.callUnwinding, movers.putUnwinding),
    movers,
  };
}

/** One side of a chain: its legs, those whose OI is known, and the sum of that in units; `null` when none is. */
interface SideSums {
  legs: number;
  known: number;
  oi: number | null;
}

// The loops below go over every leg of the market, `sumChange` once for each window. They keep to local numbers: a field
// or a closure would cost an object in memory for each leg.

function sumSide(session: MarketSession, pass: Pass, chain: number, side: number): SideSums {
  const { ring, universe } = session;
  const { chainStart, sides } = universe;
  const row = ring.rowOf(pass.slot!);
  let legs = 0;
  let known = 0;
  let sum = 0;
  for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
    if (sides[leg] !== side) continue;
    legs += 1;
    const oi = ring.get(row + leg);
    if (oi !== oi) continue;
    known += 1;
    sum += oi;
  }
  return { legs, known, oi: known > 0 ? sum : null };
}

const NONE = -1;

/** One side of a chain over a window: sums over the legs with a base, in units, and the legs that moved most. */
interface SideChange {
  known: number;
  now: number;
  base: number;
  /** The legs with the largest addition and the largest reduction in per cent; the first on a tie, or `NONE`. */
  builtUp: number;
  unwound: number;
}

function sumChange(
  session: MarketSession,
  pass: Pass,
  chain: number,
  window: number,
  side: number,
): SideChange {
  const { ring, universe } = session;
  const { chainStart, sides, lots } = universe;
  const row = ring.rowOf(pass.slot!);
  const back = pass.back[window]!;
  let known = 0;
  let now = 0;
  let before = 0;
  let builtUp = NONE;
  let mostPct = 0;
  let unwound = NONE;
  let leastPct = 0;
  for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
    if (sides[leg] !== side || back[leg] === 0) continue;
    const oi = ring.get(row + leg);
    const abs = pass.absAt(window, leg);
    const base = oi - abs;
    known += 1;
    now += oi;
    before += base;
    // The floor comes last, because hardly a leg gets there. It also refuses a base of 0, whose per cents are no number.
    const pct = pctOf(abs, base);
    if (pct > mostPct) {
      if (base < MOVER_FLOOR_LOTS * lots[leg]!) continue;
      builtUp = leg;
      mostPct = pct;
    } else if (pct < leastPct) {
      if (base < MOVER_FLOOR_LOTS * lots[leg]!) continue;
      unwound = leg;
      leastPct = pct;
    }
  }
  return { known, now, base: before, builtUp, unwound };
}

/** Units; `null` when no leg has a base. */
function addOf({ known, now, base }: SideChange): number | null {
  return known > 0 ? now - base : null;
}

/** A leg as the page tells it; `null` for `NONE`. */
function moverOf(session: MarketSession, pass: Pass, window: number, leg: number): MarketMover | null {
  if (leg === NONE) return null;
  const { strikes, sides } = session.universe;
  const oi = session.oiAt(pass.slot!, leg);
  const abs = pass.absAt(window, leg);
  return {
    strike: strikes[leg]!,
    side: sides[leg] === CALL ? 'call' : 'put',
    oi,
    abs,
    pct: pctOf(abs, oi - abs),
    baseSlot: pass.baseSlotAt(window, leg),
  };
}

/** The first on a tie. */
function larger(a: MarketMover | null, b: MarketMover | null): MarketMover | null {
  if (!a || !b) return a ?? b;
  return Math.abs(b.pct) > Math.abs(a.pct) ? b : a;
}

function pctOf(abs: number, base: number): number {
  return (100 * abs) / base;
}

function pcrChange(calls: SideChange, puts: SideChange): number | null {
  if (calls.known === 0 || puts.known === 0) return null;
  const [now, base] = [ratio(puts.now, calls.now), ratio(puts.base, calls.base)];
  return now !== null && base !== null ? now - base : null;
}

function ratio(put: number | null, call: number | null): number | null {
  return put !== null && call !== null && call > 0 ? put / call : null;
}
