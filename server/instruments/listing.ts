import type { Underlying } from '../domain/delta-table.js';
import type { Side } from '../domain/contract.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { UnderlyingInfo } from '../protocol/index.js';

/** An underlying as the instrument list has it. `lotSize` is that of the nearest expiry. */
export interface UnderlyingListing extends Underlying {
  /** Row number; stays the same when the broker changes `key` (a new ISIN) or `symbol` (a new name). */
  id: number;
  /** NSE, BSE, MCX. */
  exchange: string;
  kind: UnderlyingInfo['kind'];
}

/** A broker key and when it means the contract, `[from, to)` in epoch ms. */
export interface KeyValidity {
  key: string;
  from: EpochMs;
  /** `null` while it is valid. */
  to: EpochMs | null;
}

/** One option of a chain. */
export interface ListedContract {
  /** Row number of the contract; never re-used. */
  id: number;
  /** Rupees. */
  strike: number;
  side: Side;
  /** The broker's key: the valid one, or the last one of a contract that is no longer listed. */
  instrumentKey: string | null;
  /** All keys it ever had, oldest first: a key means other contracts at other times. */
  keys: readonly KeyValidity[];
  /** Units per lot; `null` for a contract known from a recorded day only. */
  lotSize: number | null;
  /** The future an MCX option settles into, which is its spot; `null` on NSE and BSE. */
  futureKey: string | null;
  /** Since when it is known to be listed, epoch ms. */
  listedFrom: EpochMs;
  /** Until when it was listed, exclusive; `null` while it is. */
  listedTo: EpochMs | null;
}

/** A lot size and since when it holds, until the next one does. */
export interface LotValidity {
  /** Units per lot. */
  lotSize: number;
  from: EpochMs;
}

/** The options of one underlying and expiry, by strike, the call before the put. */
export interface ChainListing {
  underlying: UnderlyingListing;
  expiry: IsoDate;
  contracts: readonly ListedContract[];
  /** The lots that it has had, oldest first; none of a chain that is known from recorded days only. */
  lots: readonly LotValidity[];
}

/** Units per lot of a chain at a moment; before the first list that has it, what that list says. `null` = not known. */
export function lotAt({ lots }: ChainListing, at: EpochMs): number | null {
  return (lots.findLast(({ from }) => from <= at) ?? lots[0])?.lotSize ?? null;
}

/** The newest accepted import, or the one under way. */
export interface InstrumentsStatus {
  state: 'missing' | 'importing' | 'ready' | 'failed';
  /** Rows read: so far while importing, of the accepted list otherwise. */
  rows: number;
  /** What moment the list describes, epoch ms; `null` before the first import. */
  asOf: EpochMs | null;
  /** Why the newest import failed, in words for a trader; only where `state` is `failed`. */
  problem?: string;
}
