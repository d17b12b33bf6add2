import { REFUSALS_IN_A_ROW } from '../../domain/acceptance.js';
import { REFUSED_ALL_ZERO, REFUSED_STALE, type MinuteFrame } from '../minutes/frame.js';
import { legsOf, PUT, type UniverseColumns } from '../minutes/universe.js';

/** What the rules for suspect answers say of a chain in a minute. */
export interface ChainVerdict {
  /** 0 = accepted, else `REFUSED_ALL_ZERO` or `REFUSED_STALE`. */
  refused: 0 | typeof REFUSED_ALL_ZERO | typeof REFUSED_STALE;
  /** Legs whose OI of 0 is not believed. */
  phantomLegs: number;
  /** Legs answered in the session so far whose OI is unknown now. */
  unknownLegs: number;
}

const ACCEPTED = 0;

/**
 * The rules for suspect answers (`Acceptance` of the domain) over the columns of a whole market. What they need of the
 * past is one number a leg: the volume of the newest accepted answer, the last known OI, and the volume of that time.
 * Minutes come in the order of their slots.
 */
export class Judge {
  private readonly seen: Uint8Array;
  private readonly lastOi: Float64Array;
  private readonly lastVolume: Float64Array;
  private readonly reference: Float64Array;
  private readonly refusals: Uint8Array;

  constructor(private readonly universe: UniverseColumns) {
    const legs = legsOf(universe);
    this.seen = new Uint8Array(legs);
    this.lastOi = new Float64Array(legs).fill(NaN);
    this.lastVolume = new Float64Array(legs).fill(NaN);
    this.reference = new Float64Array(legs).fill(NaN);
    this.refusals = new Uint8Array(universe.chainIds.length);
  }

  /**
   * Judges a chain's answer. Looks, and changes nothing but the phantom zeros of the frame, which become unknown.
   * @param answered 1 where the leg was in the answer, with or without values.
   */
  judge(chain: number, frame: MinuteFrame, answered: Uint8Array): ChainVerdict {
    const suspicion = this.suspicion(chain, frame);
    const isLetPass = this.refusals[chain]! >= REFUSALS_IN_A_ROW;
    if (suspicion !== ACCEPTED && !isLetPass) return { refused: suspicion, phantomLegs: 0, unknownLegs: 0 };
    let phantomLegs = 0;
    this.eachOption(chain, (leg) => {
      if (!this.isPhantom(leg, frame)) return;
      frame.oi[leg] = NaN;
      phantomLegs += 1;
    });
    return { refused: ACCEPTED, phantomLegs, unknownLegs: this.unknownLegs(chain, frame, answered) };
  }

  /** Legs answered in the session so far, or now, whose OI the frame leaves unknown. */
  unknownLegs(chain: number, frame: MinuteFrame, answered: Uint8Array): number {
    let unknown = 0;
    this.eachOption(chain, (leg) => {
      const isListed = answered[leg] === 1 || this.seen[leg] === 1;
      if (isListed && Number.isNaN(frame.oi[leg])) unknown += 1;
    });
    return unknown;
  }

  /** An accepted answer is stored: it is what the next ones are measured by. */
  accept(chain: number, frame: MinuteFrame, answered: Uint8Array): void {
    this.refusals[chain] = 0;
    this.eachOption(chain, (leg) => {
      if (answered[leg] === 1) this.seen[leg] = 1;
      this.reference[leg] = frame.volume[leg]!;
      if (Number.isNaN(frame.oi[leg])) return;
      this.lastOi[leg] = frame.oi[leg]!;
      this.lastVolume[leg] = frame.volume[leg]!;
    });
  }

  refuse(chain: number): void {
    this.refusals[chain] = Math.min(this.refusals[chain]! + 1, REFUSALS_IN_A_ROW);
  }

  /** A new session: nothing of the one before counts. */
  forget(chain: number): void {
    const [from, to] = [this.universe.chainStart[chain]!, this.universe.chainStart[chain + 1]!];
    for (const column of [this.lastOi, this.lastVolume, this.reference]) column.fill(NaN, from, to);
    this.seen.fill(0, from, to);
    this.refusals[chain] = 0;
  }

  /** The last known OI of a leg in the session, in units; NaN when none was. */
  lastOiOf(leg: number): number {
    return this.lastOi[leg]!;
  }

  /** Bytes held. */
  get bytes(): number {
    return 3 * this.lastOi.byteLength + this.seen.byteLength + this.refusals.byteLength;
  }

  private suspicion(chain: number, frame: MinuteFrame): ChainVerdict['refused'] {
    const { chainStart, sides } = this.universe;
    let isAnyAbove = false;
    let now = 0;
    let before = 0;
    // Not `eachOption`: sums that a closure writes to would be an object in memory for each leg.
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
      if (sides[leg]! > PUT) continue;
      if (frame.oi[leg]! > 0) isAnyAbove = true;
      const volume = frame.volume[leg]!;
      const reference = this.reference[leg]!;
      if (Number.isNaN(volume) || Number.isNaN(reference)) continue;
      now += volume;
      before += reference;
    }
    if (!isAnyAbove) return REFUSED_ALL_ZERO;
    return now < before ? REFUSED_STALE : ACCEPTED;
  }

  /** An OI of 0 whose last known one was above 0, while the volume has not risen since, or is not given. */
  private isPhantom(leg: number, frame: MinuteFrame): boolean {
    if (frame.oi[leg] !== 0 || !(this.lastOi[leg]! > 0)) return false;
    return !(frame.volume[leg]! > this.lastVolume[leg]!);
  }

  private eachOption(chain: number, visit: (leg: number) => void): void {
    const { chainStart, sides } = this.universe;
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++)
      if (sides[leg]! <= PUT) visit(leg);
  }
}
