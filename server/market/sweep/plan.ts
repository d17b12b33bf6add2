import type { ChainId } from '../../domain/contract.js';
import type { IsoDate } from '../../domain/units.js';
import type { UnderlyingInfo } from '../../protocol/index.js';
import type { Universe } from '../minutes/universe.js';

/** A chain of the near month as the sweep sees it. */
export interface PlannedChain {
  /** Index in the universe. */
  readonly chain: number;
  readonly id: ChainId;
  readonly underlying: UnderlyingInfo;
  /** The underlying's nearest expiry; the other one of a weekly underlying is its nearest monthly. */
  readonly isNearest: boolean;
  /** Keys to ask for, each with its strike; `null` for the future and the spot, which every part of a chain needs. */
  readonly keys: readonly { key: string; strike: number | null }[];
}

/** What is swept on a date, under the instrument list of that date. */
export interface SweepPlan {
  readonly date: IsoDate;
  readonly universe: Universe;
  /** In the order of the universe. */
  readonly chains: readonly PlannedChain[];
  /** Legs of the universe by the broker's key: a spot stands in each chain of its underlying. */
  readonly legsByKey: ReadonlyMap<string, readonly number[]>;
  /** Chain of each leg. */
  readonly chainOfLeg: Int32Array;
}
