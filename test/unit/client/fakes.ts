import type {
  ChainRef,
  ChangeFrame,
  FeedStatus,
  Leg,
  Row,
  Table,
  UnwatchAck,
  WatchAck,
} from '../../../server/protocol/index.js';

export const MINUTE_MS = 60_000;
export const SLOT = Date.parse('2026-08-18T14:32:00+05:30');
export const NIFTY: ChainRef = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2026-08-18' };

/** A leg with OI 1,00,000 units and one change of `pct` % over each window. */
export function aLeg(pct = 2, overrides: Partial<Leg> = {}): Leg {
  const oi = 100_000;
  const base = Math.round(oi / (1 + pct / 100));
  const change = (minutes: number): Leg['changes'][number] => ({
    abs: oi - base,
    pct: (100 * (oi - base)) / base,
    baseSlot: SLOT - minutes * MINUTE_MS,
    buildUp: 'SB',
  });
  return {
    instrumentKey: 'NSE_FO|1',
    oi,
    prevOi: 50_000,
    dayChange: { abs: 50_000, pct: 100 },
    ltp: 12.5,
    volume: 1_000,
    changes: [3, 5, 10, 15, 30].map(change),
    reasons: [null, null, null, null, null],
    ...overrides,
  };
}

export function aTable(overrides: Partial<Table> = {}): Table {
  const rows: Row[] = [24_150, 24_200, 24_250].map((strike) => ({ strike, call: aLeg(), put: aLeg(-6) }));
  return {
    underlying: { key: NIFTY.underlying, symbol: 'NIFTY', name: 'Nifty 50', lotSize: 65 },
    expiry: NIFTY.expiry,
    slot: SLOT,
    capturedAt: SLOT + 1_300,
    seq: 1,
    source: 'live',
    spot: 24_197,
    atmStrike: 24_200,
    intervals: [3, 5, 10, 15, 30],
    totals: {
      callOi: 300_000,
      putOi: 300_000,
      pcr: 1,
      maxPain: 24_200,
      callDayChange: 1,
      putDayChange: 1,
      straddle: 25,
      unknownLegs: 0,
      scope: 'whole chain',
    },
    rows,
    ...overrides,
  };
}

export function aStatus(overrides: Partial<FeedStatus> = {}): FeedStatus {
  return {
    chain: NIFTY,
    state: 'live',
    since: SLOT,
    message: null,
    needsSignIn: false,
    lastSlot: SLOT,
    lastCapturedAt: SLOT + 1_300,
    market: { exchange: 'NSE', open: true, opensAt: null, closesAt: null, note: null },
    serverNow: SLOT + 3_000,
    clockRate: 1,
    simulated: true,
    watchers: 1,
    instruments: { state: 'ready', rows: 1, asOf: SLOT },
    quality: null,
    ...overrides,
  };
}

/** A line to the server whose answers the test gives by hand. */
export class FakeLink {
  connected = true;
  readonly watched: { chain: ChainRef; answer: (ack: WatchAck) => void; fail: (error: Error) => void }[] = [];
  readonly left: ChainRef[] = [];

  watch(chain: ChainRef): Promise<WatchAck> {
    return new Promise((answer, fail) => this.watched.push({ chain, answer, fail }));
  }

  unwatch(chain: ChainRef): Promise<UnwatchAck> {
    this.left.push(chain);
    return Promise.resolve({ ok: true });
  }
}

/** A frame that changes nothing but `seq` and `slot`. */
export function anEmptyFrame(table: Table, overrides: Partial<ChangeFrame> = {}): ChangeFrame {
  const none: number[] = [];
  return {
    v: 1,
    underlying: table.underlying.key,
    expiry: table.expiry,
    seq: table.seq + 1,
    slot: table.slot + MINUTE_MS,
    capturedAt: table.capturedAt + MINUTE_MS,
    source: 'live',
    spot: table.spot,
    atmStrike: table.atmStrike,
    totals: table.totals,
    rows: table.rows.length,
    oi: none,
    oiSet: none,
    ltp: none,
    ltpSet: none,
    volume: none,
    volumeSet: none,
    prevOi: none,
    base: table.intervals.map((minutes) => table.slot - (minutes - 1) * MINUTE_MS),
    baseShift: none,
    abs: none,
    state: none,
    buildUp: none,
    ...overrides,
  };
}

/** Lets every promise that is ready go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
