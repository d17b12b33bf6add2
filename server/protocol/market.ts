import type { WireError } from './events.js';

/** The market page: one row an underlying, made of the whole-market minutes. docs/protocol.md describes it. */

/** What is wrong, or special, with the newest capture of a row's chain. None = a whole and fresh one. */
export type MarketFlag =
  /** Older than the tolerance of the windows: the sweep has not come round, or the broker gave nothing. */
  | 'stale'
  /** The newest answer was refused as suspect; the figures are those of the capture before. */
  | 'refused'
  /** Legs of the chain are unknown in this slot: sums are over the others. */
  | 'partial'
  /** Captured apart, because somebody watches the chain. */
  | 'watched'
  /** Nothing was captured in this session. */
  | 'waiting';

/** One leg that moved: the largest of its chain and window. */
export interface MarketMover {
  /** Rupees. */
  strike: number;
  side: 'call' | 'put';
  /** OI now, in units. */
  oi: number;
  /** Change of OI over the window, in units. */
  abs: number;
  /** In per cent of the base. Only legs whose base is at least `MOVER_FLOOR_LOTS` lots are compared. */
  pct: number;
  /** Where the window of this leg starts, epoch ms. */
  baseSlot: number;
}

/** What happened to a chain over one window. Only legs that are known at both ends take part. */
export interface MarketWindow {
  /** Σ change of OI over the calls, in units; `null` when no call has a base. */
  callAdd: number | null;
  putAdd: number | null;
  /** PCR now less PCR at the bases, both over the legs with a base; `null` when either is not known. */
  pcrChange: number | null;
  /** Legs with a base. */
  legs: number;
  /** The leg with the largest addition, and the largest reduction, in per cent; `null` when there is none. */
  topBuildUp: MarketMover | null;
  topUnwinding: MarketMover | null;
  /** The same among the calls and among the puts. The two above are the larger of these, the call's on a tie. */
  movers: MarketMovers;
}

export interface MarketMovers {
  callBuildUp: MarketMover | null;
  callUnwinding: MarketMover | null;
  putBuildUp: MarketMover | null;
  putUnwinding: MarketMover | null;
}

/** One underlying: its nearest expiry. */
export interface MarketRow {
  /** Underlying key, such as `NSE_INDEX|Nifty 50`. Unique among the rows. */
  key: string;
  symbol: string;
  name: string;
  exchange: string;
  kind: 'INDEX' | 'EQUITY' | 'COMMODITY';
  lotSize: number | null;
  /** YYYY-MM-DD */
  expiry: string;
  /** Rupees, as of the slot. */
  spot: number | null;
  /** Newest accepted slot of the chain; `null` before the first of the session. */
  slot: number | null;
  capturedAt: number | null;
  /** `at` of the rows less `capturedAt`, ms. */
  ageMs: number | null;
  /** Σ OI over the known legs of the chain, in units. */
  callOi: number | null;
  putOi: number | null;
  /** `putOi / callOi`; `null` when no call OI is known or it is 0. */
  pcr: number | null;
  /** Options of the chain, and how many of them are unknown in this slot. */
  legs: number;
  unknownLegs: number;
  /** One per interval, in the order of `MarketRows.intervals`. */
  windows: MarketWindow[];
  flags: MarketFlag[];
}

/** How the sweep of the market is doing, for the head of the page. */
export interface SweepStatus {
  /** `off` by configuration · `idle` closed market or no token · `full` every chain each minute · `thinned` less. */
  state: 'off' | 'idle' | 'full' | 'thinned';
  /** What a trader should know, in plain words; `null` when all is well. */
  message: string | null;
  chains: number;
  contracts: number;
  /** Calls that the whole market takes, and how many a minute may take now. */
  callsNeeded: number;
  callsAllowed: number;
}

/** All rows after a slot was committed. */
export interface MarketRows {
  /** The newest committed slot, epoch ms. */
  slot: number;
  /** The server's clock when the rows were made. */
  at: number;
  /** Minutes. */
  intervals: number[];
  rows: MarketRow[];
  sweep: SweepStatus;
}

/** The rows as screens get them: numbered, so that a change can be told from a gap. */
export interface MarketBoard extends MarketRows {
  /** Goes up by 1 with every push, also over restarts of the server. */
  seq: number;
}

/** `board: null`: nothing was swept yet. */
export type MarketWatchAck =
  { ok: true; board: MarketBoard | null; sweep: SweepStatus } | { ok: false; error: WireError };
export type MarketUnwatchAck = { ok: true } | { ok: false; error: WireError };

/**
 * A push to the market page, packed. Applied to the board with `seq − 1` it gives the board with `seq`. Made once a
 * slot for all watchers. It carries the rows that changed, whole, in columns.
 *
 * Quantities are in lots of the row's `lotSize`, but in units for rows in `inUnits`. Per window columns hold
 * `intervals` values a row: `changed row · intervals + interval`.
 */
export interface MarketFrame {
  /** Version of this packing. */
  v: 1;
  seq: number;
  slot: number;
  at: number;
  sweep: SweepStatus;
  /** Number of rows of the board; the client watches again when its own differs. 0 asks every client to do so. */
  rows: number;
  /** Which rows changed: unchanged rows before each. Columns go by this list. */
  changed: number[];
  /** Places in `changed` whose quantities are in units: they are not whole lots, or the lot is not known. */
  inUnits: number[];
  spot: (number | null)[];
  /** Minutes from the row's slot to the frame's; `null` = no capture in this session. */
  late: (number | null)[];
  /** ms from the row's slot to its capture; `null` = none. */
  taken: (number | null)[];
  callOi: (number | null)[];
  putOi: (number | null)[];
  unknownLegs: number[];
  /** Bits by the order of `MARKET_FLAGS`. */
  flags: number[];
  callAdd: (number | null)[];
  putAdd: (number | null)[];
  /** Legs without a base, of those that are known. */
  baseless: number[];
  /**
   * Sparse: PCR changes, only where they do not follow from the sums: `pcr − (putOi − putAdd) / (callOi − callAdd)`,
   * and none where one of these is unknown or no number.
   */
  pcrChange: (number | null)[];
  callBuildUp: PackedMovers;
  callUnwinding: PackedMovers;
  putBuildUp: PackedMovers;
  putUnwinding: PackedMovers;
}

/** Legs by changed row and window. `pct` follows: `100 · abs / (oi − abs)`. */
export interface PackedMovers {
  /** Rupees; 0 = none, and then nothing in the other columns. */
  strike: number[];
  /** One each for those that are not 0. */
  oi: number[];
  abs: number[];
  /** Minutes from the base to the row's slot, less the window. */
  early: number[];
}

/** What the page adds to the events of the wire. */
export interface MarketPushes {
  'market:change': (frame: MarketFrame) => void;
}
export interface MarketRequests {
  'market:watch': (ack: (answer: MarketWatchAck) => void) => void;
  'market:unwatch': (ack: (answer: MarketUnwatchAck) => void) => void;
}

/** Order of the bits in `MarketFrame.flags`. */
export const MARKET_FLAGS = [
  'stale',
  'refused',
  'partial',
  'watched',
  'waiting',
] as const satisfies readonly MarketFlag[];

/** Legs with a smaller base do not compete in per cent: 3 lots more on 1 lot are not news. */
export const MOVER_FLOOR_LOTS = 500;
