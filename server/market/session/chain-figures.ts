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

/** Sums over one side of a chain. */
interface SideSums {
  known: number;
  oi: number;
}

/**
 * Sums, PCR and movers of a chain at the slot of the pass. PCR = Σ put OI ÷ Σ call OI over the known legs; its change
 * compares the same legs at both ends, so that a leg which appears does not look like trading.
 */
export function chainFigures(session: MarketSession, pass: Pass, chain: number): ChainFigures {
  const { chainStart, sides } = session.universe;
  const slot = pass.slot!;
  const sums: [SideSums, SideSums] = [
    { known: 0, oi: 0 },
    { known: 0, oi: 0 },
  ];
  const options: number[] = [];
  for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
    if (sides[leg]! > PUT) continue;
    options.push(leg);
    const oi = session.oiAt(slot, leg);
    if (Number.isNaN(oi)) continue;
    const side = sums[sides[leg] as 0 | 1];
    side.known += 1;
    side.oi += oi;
  }
  const [call, put] = [oiOf(sums[CALL]), oiOf(sums[PUT])];
  const windows = pass.intervals.map((_, window) => windowFigures(session, pass, window, options));
  const unknownLegs = options.length - sums[CALL].known - sums[PUT].known;
  return {
    slot,
    callOi: call,
    putOi: put,
    pcr: ratio(put, call),
    legs: options.length,
    unknownLegs,
    windows,
  };
}

/** One window, over the legs that have a base in it. */
function windowFigures(session: MarketSession, pass: Pass, window: number, options: number[]): MarketWindow {
  const { sides } = session.universe;
  const sums = [0, 1].map(() => ({ known: 0, now: 0, base: 0 }));
  const movers = new Movers(session, pass, window);
  let legs = 0;
  for (const leg of options) {
    if (pass.back[window]![leg] === 0) continue;
    const oi = session.oiAt(pass.slot!, leg);
    const abs = pass.absAt(window, leg);
    const side = sums[sides[leg]!]!;
    side.known += 1;
    side.now += oi;
    side.base += oi - abs;
    legs += 1;
    movers.offer(leg, oi, abs);
  }
  const [call, put] = [sums[CALL]!, sums[PUT]!];
  const both = call.known > 0 && put.known > 0;
  const [now, base] = [ratio(put.now, call.now), ratio(put.base, call.base)];
  return {
    callAdd: call.known > 0 ? call.now - call.base : null,
    putAdd: put.known > 0 ? put.now - put.base : null,
    pcrChange: both && now !== null && base !== null ? now - base : null,
    legs,
    ...movers.all(),
  };
}

interface Candidate {
  leg: number;
  oi: number;
  abs: number;
  pct: number;
}

/** Finds the legs with the largest addition and the largest reduction in per cent, among those above the floor. */
class Movers {
  /** By `2 · side + (0 addition, 1 reduction)`. */
  private readonly best: (Candidate | null)[] = [null, null, null, null];

  constructor(
    private readonly session: MarketSession,
    private readonly pass: Pass,
    private readonly window: number,
  ) {}

  offer(leg: number, oi: number, abs: number): void {
    const { lots, sides } = this.session.universe;
    const base = oi - abs;
    if (abs === 0 || base < MOVER_FLOOR_LOTS * lots[leg]!) return;
    const place = 2 * sides[leg]! + (abs > 0 ? 0 : 1);
    const candidate = { leg, oi, abs, pct: (100 * abs) / base };
    this.best[place] = larger(this.best[place]!, candidate);
  }

  all(): Pick<MarketWindow, 'topBuildUp' | 'topUnwinding' | 'movers'> {
    const [callBuildUp, callUnwinding, putBuildUp, putUnwinding] = this.best as [
      Candidate | null,
      Candidate | null,
      Candidate | null,
      Candidate | null,
    ];
    const movers: MarketMovers = {
      callBuildUp: this.told(callBuildUp),
      callUnwinding: this.told(callUnwinding),
      putBuildUp: this.told(putBuildUp),
      putUnwinding: this.told(putUnwinding),
    };
    return {
      topBuildUp: this.told(larger(callBuildUp, putBuildUp)),
      topUnwinding: this.told(larger(callUnwinding, putUnwinding)),
      movers,
    };
  }

  private told(found: Candidate | null): MarketMover | null {
    if (!found) return null;
    const { leg, oi, abs, pct } = found;
    const { strikes, sides } = this.session.universe;
    const side = sides[leg] === CALL ? 'call' : 'put';
    return { strike: strikes[leg]!, side, oi, abs, pct, baseSlot: this.pass.baseSlotAt(this.window, leg) };
  }
}

/** The first on a tie. */
function larger(a: Candidate | null, b: Candidate | null): Candidate | null {
  if (!a || !b) return a ?? b;
  return Math.abs(b.pct) > Math.abs(a.pct) ? b : a;
}

function oiOf(sums: SideSums): number | null {
  return sums.known > 0 ? sums.oi : null;
}

function ratio(put: number | null, call: number | null): number | null {
  return put !== null && call !== null && call > 0 ? put / call : null;
}
