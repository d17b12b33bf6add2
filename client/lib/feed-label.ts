/** The state of the data in one glance: what the top bar and the notice over the table say. Pure. */
import type { FeedStatus } from '../../server/protocol/index.js';
import { duration, istSecond, nearTime } from './time.js';

export type Tone = 'live' | 'stale' | 'closed' | 'wait' | 'gone' | 'action';

export interface FeedLabel {
  tone: Tone;
  /** One or two words. */
  text: string;
  /** How old the data are, or how long the line has been down; `null` when that says nothing. Runs on by the second. */
  age: string | null;
  /** Notice over the table; `null` when all is well. */
  notice: string | null;
  /** The person has to sign in with the broker: a button for it belongs beside the notice, whatever the tone is. */
  signIn: boolean;
}

type Said = Omit<FeedLabel, 'signIn'>;

export interface FeedView {
  connected: boolean;
  /** When the line was lost, by the server's clock; `null` while it is up or was never up. */
  lostAt: number | null;
  /** How long ago that was, real ms. */
  lostForMs: number;
  status: FeedStatus | null;
  /** The server's clock now, epoch ms. */
  now: number;
}

/** A minute-slot capture is late from here on, ms of market time. Two slots and a half. */
export const STALE_AFTER_MS = 150_000;

/** Works out the label. A status that says `live` is doubted when its newest capture has grown old meanwhile. */
export function feedLabel(view: FeedView): FeedLabel {
  const { status, connected } = view;
  const needed = status?.needsSignIn === true || status?.state === 'sign-in-needed';
  return { ...said(view), signIn: connected && needed };
}

function said(view: FeedView): Said {
  const { status } = view;
  if (!view.connected) return lost(view);
  if (status === null) return { tone: 'wait', text: 'Connecting', age: null, notice: null };
  switch (status.state) {
    case 'live':
      return isLate(status, view.now)
        ? stale(status, view.now)
        : { tone: 'live', text: 'Live', age: ageOf(status, view.now), notice: status.message };
    case 'stale':
      return stale(status, view.now);
    case 'closed':
      return { tone: 'closed', text: 'Closed', age: null, notice: closed(status, view.now) };
    case 'sign-in-needed':
      return {
        tone: 'action',
        text: 'Sign-in needed',
        age: ageOf(status, view.now),
        notice:
          status.message ??
          'The broker no longer accepts the access token. Nothing new is collected until you sign in again.',
      };
    case 'back-filling':
      return {
        tone: 'wait',
        text: 'Back-filling',
        age: null,
        notice:
          status.message ??
          'The last 35 minutes are being rebuilt from one-minute candles. Windows fill as it goes on.',
      };
    case 'waiting':
      return {
        tone: 'wait',
        text: 'Waiting',
        age: null,
        notice: status.message ?? 'Waiting for the first capture of this chain.',
      };
  }
}

function lost(view: FeedView): Said {
  if (view.lostAt === null) return { tone: 'wait', text: 'Connecting', age: null, notice: null };
  return {
    tone: 'gone',
    text: 'Server gone',
    age: duration(view.lostForMs),
    notice: `No word from the tracker's server since ${istSecond(view.lostAt)}. The numbers are the last that came. Trying again by itself.`,
  };
}

function isLate(status: FeedStatus, now: number): boolean {
  if (status.lastCapturedAt === null) return false;
  return now - status.lastCapturedAt > Math.max(STALE_AFTER_MS, 5_000 * status.clockRate);
}

/** How old the newest capture is; `null` where there is none. */
function ageOf(status: FeedStatus, now: number): string | null {
  return status.lastCapturedAt === null ? null : duration(now - status.lastCapturedAt);
}

function stale(status: FeedStatus, now: number): Said {
  return {
    tone: 'stale',
    text: 'Stale',
    age: ageOf(status, now),
    notice: status.message ?? 'The newest capture is late. The numbers stay as they were then.',
  };
}

function closed(status: FeedStatus, now: number): string {
  const { market } = status;
  const note = market.note ? ` (${market.note})` : '';
  const opens =
    market.opensAt !== null && market.opensAt > now ? ` Opens ${nearTime(market.opensAt, now)}.` : '';
  const last = status.lastSlot === null ? '' : ` The table is of ${nearTime(status.lastSlot, now)}.`;
  const also = status.message ? ` ${status.message}` : '';
  return `${market.exchange} derivatives are closed${note}.${last}${opens}${also}`;
}

/** `NSE F&O open until 15:40`, `MCX closed · opens 09:00`. */
export function marketText(status: FeedStatus, now: number): string {
  const { exchange, open, opensAt, closesAt } = status.market;
  const name = exchange === 'MCX' ? 'MCX' : `${exchange} F&O`;
  if (open) return closesAt === null ? `${name} open` : `${name} open until ${nearTime(closesAt, now)}`;
  return opensAt === null || opensAt <= now
    ? `${name} closed`
    : `${name} closed · opens ${nearTime(opensAt, now)}`;
}
