import { COLUMNS, emptyFrame, isCaptured, type MinuteFrame } from '../minutes/frame.js';
import { legsOf, type Universe } from '../minutes/universe.js';

/** Carries minutes of one universe over to another, contract by contract, chain by chain. */
export class LegMap {
  /** Leg of the new universe for each of the old one; −1 = gone. */
  private readonly legs: Int32Array;
  private readonly chains: Int32Array;

  constructor(
    readonly from: Universe,
    private readonly to: Universe,
  ) {
    const places = new Map<string, number>();
    eachLeg(to, (chain, leg) => places.set(nameOf(to, chain, leg), leg));
    this.legs = new Int32Array(legsOf(from));
    eachLeg(from, (chain, leg) => (this.legs[leg] = places.get(nameOf(from, chain, leg)) ?? -1));
    this.chains = Int32Array.from(from.chainIds, (id) => to.chainIds.indexOf(id));
  }

  carry(frame: MinuteFrame): MinuteFrame {
    if (this.from.id === this.to.id) return frame;
    const carried = emptyFrame(this.to, frame.slot);
    eachLeg(this.from, (chain, leg) => {
      const place = this.legs[leg]!;
      if (place < 0 || !isCaptured(frame.marks[chain]!)) return;
      for (const column of COLUMNS) carried[column][place] = frame[column][leg]!;
    });
    this.chains.forEach((place, chain) => {
      if (place >= 0) carried.marks[place] = frame.marks[chain]!;
    });
    return carried;
  }
}

/** 1 where a leg has any value. */
export function answeredOf(frame: MinuteFrame): Uint8Array {
  const answered = new Uint8Array(frame.oi.length);
  for (const column of COLUMNS)
    for (let leg = 0; leg < answered.length; leg++) if (!Number.isNaN(frame[column][leg])) answered[leg] = 1;
  return answered;
}

function eachLeg(universe: Universe, visit: (chain: number, leg: number) => void): void {
  const { chainStart, chainIds } = universe;
  for (let chain = 0; chain < chainIds.length; chain++)
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) visit(chain, leg);
}

/** A spot has no contract: it is told by its chain. */
function nameOf(universe: Universe, chain: number, leg: number): string {
  return `${universe.chainIds[chain]} ${universe.contractIds[leg]} ${universe.sides[leg]}`;
}
