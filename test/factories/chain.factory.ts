import type { Underlying } from '../../server/domain/delta-table.js';
import { SessionHistory } from '../../server/domain/history.js';
import { packQuote } from '../../server/domain/pack.js';
import { istAt, slotAdd, slotOf } from '../../server/domain/slot.js';
import type {
  CaptureSource,
  ChainQuote,
  ChainSnapshot,
  LegQuote,
  StrikeQuote,
} from '../../server/domain/snapshot.js';
import type { TableInput } from '../../server/domain/table.js';
import type { EpochMs, Slot } from '../../server/domain/units.js';

/** 09:15 IST of the day that the factories build. */
export const SESSION_START: EpochMs = istAt('2026-08-18', '09:15');

/** The slot `minutes` after the session start. */
export function slotAt(minutes: number): Slot {
  return slotAdd(slotOf(SESSION_START), minutes);
}

/** A leg that trades: all four cells known. */
export function aLeg(overrides: Partial<LegQuote> = {}): LegQuote {
  return { oi: 6_500, prevOi: 6_000, ltp: 100, volume: 65_000, ...overrides };
}

/** A strike with both legs; a leg given as a number is its OI. */
export function aStrike(
  strike: number,
  call: number | LegQuote | null = aLeg(),
  put: number | LegQuote | null = aLeg(),
): StrikeQuote {
  const leg = (given: number | LegQuote | null) => (typeof given === 'number' ? aLeg({ oi: given }) : given);
  return { strike, call: leg(call), put: leg(put) };
}

/** Three strikes around a spot of 24,010. */
export function aQuote(overrides: Partial<ChainQuote> = {}): ChainQuote {
  return { spot: 24_010, strikes: [aStrike(23_950), aStrike(24_000), aStrike(24_050)], ...overrides };
}

export interface SnapshotOverrides extends Partial<ChainQuote> {
  /** Minutes since the session start; default 0. */
  minute?: number;
  source?: CaptureSource;
}

export function aSnapshot({ minute = 0, source = 'live', ...quote }: SnapshotOverrides = {}): ChainSnapshot {
  const slot = slotAt(minute);
  return packQuote(aQuote(quote), slot, slot + 2_000, source);
}

export function aHistory(snapshots: readonly ChainSnapshot[] = [], sessionStart = SESSION_START) {
  const history = new SessionHistory(sessionStart);
  for (const snapshot of snapshots) history.add(snapshot);
  return history;
}

/** One strike, 24,000, whose call has these OIs, by minute of the session; `null` = a leg without OI. */
export function callHistory(oiByMinute: Record<number, number | null>): SessionHistory {
  const snapshots = Object.entries(oiByMinute).map(([minute, oi]) =>
    aSnapshot({ minute: Number(minute), strikes: [aStrike(24_000, aLeg({ oi }))] }),
  );
  return aHistory(snapshots);
}

export function anUnderlying(overrides: Partial<Underlying> = {}): Underlying {
  return { key: 'NSE_INDEX|Nifty 50', symbol: 'NIFTY', name: 'Nifty 50', lotSize: 65, ...overrides };
}

/** Input for the newest slot of the history. */
export function aTableInput(history: SessionHistory, overrides: Partial<TableInput> = {}): TableInput {
  const slot = history.latest()?.slot ?? slotAt(0);
  return { underlying: anUnderlying(), expiry: '2026-08-18', history, slot, seq: 1, ...overrides };
}
