import type { Slot } from '../domain/units.js';

/** Chain calls of one slot at most: 2000 in 30 minutes less 15 % to spare, spread evenly, so that no half hour ends dry. */
export const CALLS_A_SLOT = Math.floor((2000 * 0.85) / 30);
/** Of these, calls that are held back for pinned chains at most: one for each that the slot still wants an answer of. */
const HELD_AT_MOST = Math.floor((CALLS_A_SLOT * 3) / 4);
/** Calls for chains that somebody opens or reads between two ticks; what is more waits for the tick, and its turn there. */
export const ON_DEMAND_A_SLOT = 20;
/** Captures under way at once, and how many of these places are kept for pinned chains that have yet to begin. */
const AT_ONCE = 8;
const PLACES_FOR_PINNED = 2;

/** What a call is for. `asked`: somebody opens or reads a chain now. `left`: nobody looks at it any more. */
export type CallUse = 'pinned' | 'watched' | 'asked' | 'left';

/** What is under way, and what pinned chains have yet to get in the slot. */
export interface Demand {
  /** Captures under way: all, and those of pinned chains. */
  readonly running: number;
  readonly runningPinned: number;
  /** Pinned chains of an open market that the slot has no answer of, and how many of these are not under way. */
  readonly pinnedOpen: number;
  readonly pinnedIdle: number;
}

/**
 * Shares out the calls of a slot. However many chains people watch, open or read, each pinned chain has a call left for
 * it and a place to run in; and chains that were only looked at leave what newcomers may need.
 */
export class SlotBudget {
  private spent = { slot: 0, calls: 0, asked: 0 };

  /** Whether a call for `use` may be made in `slot`. */
  mayCall(slot: Slot, use: CallUse, demand: Demand): boolean {
    this.turnTo(slot);
    const left = CALLS_A_SLOT - this.spent.calls;
    const held = heldCalls(demand);
    if (use === 'pinned') return left > 0;
    if (use === 'watched') return left > held;
    const unasked = ON_DEMAND_A_SLOT - this.spent.asked;
    return use === 'asked' ? left > held && unasked > 0 : left > held + Math.max(0, unasked);
  }

  spend(slot: Slot, use: CallUse): void {
    this.turnTo(slot);
    this.spent.calls += 1;
    if (use === 'asked') this.spent.asked += 1;
  }

  private turnTo(slot: Slot): void {
    if (this.spent.slot !== slot) this.spent = { slot, calls: 0, asked: 0 };
  }
}

/** Calls that only pinned chains may make. */
export function heldCalls({ pinnedOpen }: Demand): number {
  return Math.min(pinnedOpen, HELD_AT_MOST);
}

/**
 * Whether a tick may begin one more capture. Pinned chains do not wait for others: a slow broker that has all places
 * occupied by what people watch would keep them out for the whole slot.
 */
export function hasPlace(use: CallUse, demand: Demand): boolean {
  if (use === 'pinned') return demand.runningPinned < AT_ONCE;
  return demand.running < AT_ONCE - Math.min(demand.pinnedIdle, PLACES_FOR_PINNED);
}
