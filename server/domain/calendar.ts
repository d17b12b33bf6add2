import type { EpochMs, IsoDate } from './units.js';

/** One continuous trading session of an exchange. `start` inclusive, `end` exclusive. */
export interface Session {
  start: EpochMs;
  end: EpochMs;
}

/** The sessions of an exchange's derivatives on a date. None = closed. */
export interface TradingDay {
  /** NSE, BSE, MCX. */
  exchange: string;
  date: IsoDate;
  sessions: Session[];
  /** Holiday or special-session name. */
  note: string | null;
  /** `broker` = from its timings and holidays endpoints, `default` = built in. */
  source: 'broker' | 'default';
}
