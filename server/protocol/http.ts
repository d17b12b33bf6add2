/** Answers of the HTTP API that the screens use. Errors are `{error: WireError}`. */
import type { SlotCounts, WireError } from './events.js';

export interface ErrorBody {
  error: WireError;
}

/** `GET /api/auth/session` */
export interface SessionInfo {
  signedIn: boolean;
  /** How this person signed in; `null` when not. A `viewer` sees tables and nothing of the broker's tokens. */
  method: 'oauth' | 'token' | 'demo' | 'viewer' | null;
  /** Initials or a name for the badge; never a token. */
  name: string | null;
  /** When the broker token behind the session dies, epoch ms. */
  tokenExpiresAt: number | null;
  /** The broker is the built-in simulator: the login page offers one-click entry. */
  simulated: boolean;
  /** Where OAuth sends the browser back to; the login page shows it. */
  redirectUri: string;
  /** The owner has set a viewer passphrase: the login page offers that way in. Absent means `false`. */
  viewerPassphrase?: boolean;
}

/** `POST /api/auth/login` */
export interface LoginAnswer {
  redirectUrl: string;
}

/**
 * Why `GET /callback` sent the browser to `/?error=<code>`: `denied` at the broker's page · `state` too old, used or
 * begun in another browser · `refused` key, secret or code wrong · `unreachable` broker did not answer ·
 * `too-many-requests` from this address · `internal`.
 */
export type SignInError = 'denied' | 'state' | 'refused' | 'unreachable' | 'too-many-requests' | 'internal';

/** An entry of `GET /api/underlyings`: indices first, then stocks A–Z, then commodities. */
export interface UnderlyingInfo {
  key: string;
  symbol: string;
  name: string;
  exchange: string;
  kind: 'INDEX' | 'EQUITY' | 'COMMODITY';
  lotSize: number | null;
  /** Nearest expiry that has not passed, YYYY-MM-DD. */
  nearestExpiry: string | null;
}

/** An entry of `GET /api/underlyings/:key/expiries`. */
export interface ExpiryInfo {
  expiry: string;
  /** Calendar days from today (IST); 0 on the expiry day. */
  daysToExpiry: number;
  /** From the instrument master; `null` where it does not say (MCX). */
  weekly: boolean | null;
  contracts: number;
}

/** `GET /api/quality?date=YYYY-MM-DD` */
export interface QualityReport {
  date: string;
  chains: ChainQuality[];
}

export interface ChainQuality extends SlotCounts {
  underlying: string;
  symbol: string;
  expiry: string;
  refusals: { slot: number; reason: 'all-zero' | 'stale-volume'; detail: string }[];
  /** Expected slots that were neither captured nor back-filled, as from–to pairs of slots (inclusive). */
  gaps: { from: number; to: number }[];
}
