import type { ChangeFrame } from './frame.js';
import type { MarketPushes, MarketRequests } from './market.js';
import type { SlotCounts } from './slot-counts.js';
import type { Table } from './table.js';

export type { SlotCounts } from './slot-counts.js';

/** A chain as named on the wire. */
export interface ChainRef {
  /** Underlying instrument key, such as `NSE_INDEX|Nifty 50`. */
  underlying: string;
  /** YYYY-MM-DD */
  expiry: string;
}

export type ErrorCode =
  | 'bad-request'
  | 'sign-in-needed'
  | 'wrong-passphrase'
  | 'forbidden'
  | 'not-found'
  | 'unknown-underlying'
  | 'unknown-expiry'
  | 'no-data'
  | 'too-many-requests'
  | 'broker-refused'
  | 'broker-unreachable'
  | 'instruments-missing'
  | 'payload-too-large'
  | 'internal';

/** Every error, on HTTP (`{error: …}`) and in acknowledgements: a code for programs, a message for a trader. */
export interface WireError {
  code: ErrorCode;
  message: string;
}

/**
 * What the collector does for a chain, or (without a chain) for the server.
 * `live` fresh · `stale` open but the newest capture is late, or nothing can be captured as this computer's clock is not the broker's · `closed` market closed · `sign-in-needed` no valid
 * broker token · `back-filling` history of the session is being rebuilt · `waiting` open, nothing captured yet.
 */
export type FeedState = 'live' | 'stale' | 'closed' | 'sign-in-needed' | 'back-filling' | 'waiting';

export interface MarketState {
  /** Exchange whose hours these are: NSE, BSE, MCX. */
  exchange: string;
  open: boolean;
  /** Start and end of the session under way or, when closed, of the next one known. Epoch ms. */
  opensAt: number | null;
  closesAt: number | null;
  /** Holiday or session name where the calendar gives one. */
  note: string | null;
}

export interface FeedStatus {
  /** The chain this is about; `null` for the server as a whole. */
  chain: ChainRef | null;
  state: FeedState;
  /** Since when, epoch ms of the server's clock. */
  since: number;
  /** What a trader should know or do, in plain words; `null` when all is well. */
  message: string | null;
  /** No broker token is valid: nothing is collected until somebody signs in. `state` says so in the market's hours only. */
  needsSignIn: boolean;
  /** Newest captured slot and its capture time; `null` before the first. A change of the table brings newer ones. */
  lastSlot: number | null;
  lastCapturedAt: number | null;
  market: MarketState;
  /** The server's clock when this was sent, and how fast it runs (1 = real time; more in a replay). */
  serverNow: number;
  clockRate: number;
  /** `true` when the broker is the built-in simulator: the screen must say so. */
  simulated: boolean;
  /** Watchers of this chain, all screens, when this was sent: that they come and go is not told. */
  watchers: number;
  /** Import of the instrument master: `importing` with rows so far, or ready. */
  instruments: {
    state: 'missing' | 'importing' | 'ready' | 'failed';
    rows: number;
    asOf: number | null;
    /** Why the newest import failed, in words; only where `state` is `failed`. */
    problem?: string;
  };
  /** Slots of the session of this chain; `null` without a chain. A change of the table brings newer ones. */
  quality: SlotCounts | null;
}

export type WatchAck =
  { ok: true; table: Table | null; status: FeedStatus } | { ok: false; error: WireError };
export type UnwatchAck = { ok: true } | { ok: false; error: WireError };

export interface ServerClosing {
  /** For the person at the screen. */
  message: string;
  /** Come back after a random part of this, ms: a thousand screens must not return in the same moment. */
  reconnectWithinMs: number;
}

export interface ServerToClientEvents extends MarketPushes {
  'chain:change': (frame: ChangeFrame) => void;
  'feed:status': (status: FeedStatus) => void;
  /** The server is about to stop or restart; the connection ends next. Screens keep their table and come back. */
  'server:closing': (notice: ServerClosing) => void;
  /** The sign-in of this screen ended: signed out elsewhere, expired, or replaced by a newer one. */
  'session:ended': (reason: { code: 'signed-out' | 'expired' | 'revoked'; message: string }) => void;
}

export interface ClientToServerEvents extends MarketRequests {
  'chain:watch': (chain: ChainRef, ack: (answer: WatchAck) => void) => void;
  'chain:unwatch': (chain: ChainRef, ack: (answer: UnwatchAck) => void) => void;
}
