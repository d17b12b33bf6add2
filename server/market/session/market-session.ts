import { MINUTE_MS, SECOND_MS, type EpochMs, type Slot } from '../../domain/units.js';
import { isCaptured, REFUSED_STALE, secondOf, type MinuteFrame } from '../minutes/frame.js';
import { legsOf, PUT, SPOT, type UniverseColumns } from '../minutes/universe.js';
import { Judge, type ChainVerdict } from './judge.js';
import { MINUTES_KEPT, OiRing } from './oi-ring.js';
import { Pass } from './pass.js';

/** What is known of a chain besides its legs. */
export interface ChainNow {
  /** Newest captured slot of the session, `null` before the first. */
  slot: Slot | null;
  capturedAt: EpochMs | null;
  /** Rupees, of that slot. */
  spot: number | null;
  /** Mark of the newest minute that was taken in. */
  mark: number;
  /** Of the newest capture. */
  unknownLegs: number;
}

/**
 * Today's session of the whole market in typed arrays: the OI of the newest minutes, and what the rules for suspect
 * answers need. It holds what is stored and nothing else: judge, store, then `take`.
 */
export class MarketSession {
  readonly ring: OiRing;
  readonly judge: Judge;
  readonly changes: Pass;
  private readonly sessionStart: Float64Array;
  private readonly now: ChainNow[];
  private newest = -Infinity;

  constructor(readonly universe: UniverseColumns) {
    const chains = universe.chainIds.length;
    this.ring = new OiRing(legsOf(universe));
    this.judge = new Judge(universe);
    this.changes = new Pass(legsOf(universe));
    this.sessionStart = new Float64Array(chains).fill(NaN);
    this.now = Array.from({ length: chains }, nothing);
  }

  /** Tells when the session of a chain began: no window reaches back over it. A later start forgets the session before. */
  begin(chain: number, start: EpochMs): void {
    if (this.sessionStart[chain] === start) return;
    const { chainStart } = this.universe;
    this.ring.forgetLegs(chainStart[chain]!, chainStart[chain + 1]!);
    this.judge.forget(chain);
    this.now[chain] = nothing();
    this.sessionStart[chain] = start;
  }

  chain(chain: number): Readonly<ChainNow> {
    return this.now[chain]!;
  }

  /** Whether a minute may still be judged and taken: nothing of the chain is as new. */
  isNew(chain: number, slot: Slot): boolean {
    const known = this.now[chain]!.slot;
    return slot >= this.sessionStart[chain]! && (known === null || slot > known);
  }

  /**
   * Takes a stored minute in. Chains whose session began later, or that have a newer minute, are left alone.
   * @param answered see `Judge.judge`; for a minute read back, the legs that have any value.
   */
  take(frame: MinuteFrame, answered: Uint8Array, verdicts?: ReadonlyMap<number, ChainVerdict>): void {
    // What is older than all that the ring holds would take the place of newer minutes.
    if (frame.slot <= this.newest - MINUTES_KEPT * MINUTE_MS) return;
    this.newest = Math.max(this.newest, frame.slot);
    const row = this.ring.open(frame.slot);
    frame.marks.forEach((mark, chain) => {
      if (!this.isNew(chain, frame.slot)) return;
      this.now[chain]!.mark = mark;
      if (isCaptured(mark)) this.takeChain(chain, mark, frame, answered, row, verdicts?.get(chain));
      else if (mark !== 0 && mark <= REFUSED_STALE) this.judge.refuse(chain);
    });
  }

  /** Changes of all legs over all windows at a slot: arrays that the next pass overwrites. */
  pass(slot: Slot): Pass {
    return this.changes.run(this.ring, slot);
  }

  /** OI of a leg at a slot in units; NaN when it is unknown or the slot is too long ago. */
  oiAt(slot: Slot, leg: number): number {
    return this.ring.get(this.ring.rowOf(slot) + leg);
  }

  /** Σ last known OI of a chain's options in units; 0 when none is known. */
  oiOf(chain: number): number {
    const { chainStart, sides } = this.universe;
    let sum = 0;
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
      const oi = this.judge.lastOiOf(leg);
      if (sides[leg]! <= PUT && oi > 0) sum += oi;
    }
    return sum;
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    return this.ring.bytes + this.judge.bytes + this.changes.bytes;
  }

  private takeChain(
    chain: number,
    mark: number,
    frame: MinuteFrame,
    answered: Uint8Array,
    row: number,
    verdict: ChainVerdict | undefined,
  ): void {
    const { chainStart, sides } = this.universe;
    let spot: number | null = null;
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
      this.ring.set(row + leg, frame.oi[leg]!);
      if (sides[leg] === SPOT && frame.ltp[leg]! > 0) spot = frame.ltp[leg]!;
    }
    const unknownLegs = verdict?.unknownLegs ?? this.judge.unknownLegs(chain, frame, answered);
    this.judge.accept(chain, frame, answered);
    const { slot } = frame;
    const capturedAt = slot + secondOf(mark) * SECOND_MS;
    this.now[chain] = { slot, capturedAt, spot, mark, unknownLegs };
  }
}

function nothing(): ChainNow {
  return { slot: null, capturedAt: null, spot: null, mark: 0, unknownLegs: 0 };
}
