import fc from 'fast-check';
import type {
  MarketBoard,
  MarketMover,
  MarketMovers,
  MarketRow,
  MarketWindow,
} from '../../server/protocol/index.js';

const MINUTE_MS = 60_000;
export const MARKET_SLOT = Date.parse('2026-08-18T14:32:00+05:30');
export const MARKET_INTERVALS = [3, 5, 10, 15, 30];

/** A mover of the size asked for; what follows from its parts is worked out as the rules say. */
export function aMover(parts: Partial<MarketMover> = {}): MarketMover {
  const {
    oi = 130_000,
    abs = 65_000,
    strike = 24_200,
    side = 'call',
    baseSlot = MARKET_SLOT - 300_000,
  } = parts;
  return { strike, side, oi, abs, pct: (100 * abs) / (oi - abs), baseSlot };
}

/** A window with its larger movers worked out. */
export function aWindow(
  parts: Partial<Omit<MarketWindow, 'movers'>> & { movers?: Partial<MarketMovers> } = {},
): MarketWindow {
  const movers: MarketMovers = {
    callBuildUp: null,
    callUnwinding: null,
    putBuildUp: null,
    putUnwinding: null,
    ...parts.movers,
  };
  return {
    callAdd: 0,
    putAdd: 0,
    pcrChange: null,
    legs: 100,
    ...parts,
    topBuildUp: larger(movers.callBuildUp, movers.putBuildUp),
    topUnwinding: larger(movers.callUnwinding, movers.putUnwinding),
    movers,
  };
}

export function aMarketRow(parts: Partial<MarketRow> = {}): MarketRow {
  const { callOi = 650_000, putOi = 520_000, capturedAt = MARKET_SLOT + 2_000 } = parts;
  return {
    key: 'NSE_INDEX|Nifty 50',
    symbol: 'NIFTY',
    name: 'Nifty 50',
    exchange: 'NSE',
    kind: 'INDEX',
    lotSize: 65,
    expiry: '2026-08-18',
    spot: 24_197,
    slot: MARKET_SLOT,
    legs: 100,
    unknownLegs: 0,
    windows: MARKET_INTERVALS.map(() => aWindow()),
    flags: [],
    ...parts,
    callOi,
    putOi,
    pcr: callOi === null || callOi === 0 || putOi === null ? null : putOi / callOi,
    capturedAt,
    ageMs: capturedAt === null ? null : MARKET_SLOT + 30_000 - capturedAt,
  };
}

export function aMarketBoard(parts: Partial<MarketBoard> = {}): MarketBoard {
  return {
    seq: 1,
    slot: MARKET_SLOT,
    at: MARKET_SLOT + 30_000,
    intervals: MARKET_INTERVALS,
    rows: [aMarketRow()],
    sweep: { state: 'full', message: null, chains: 1, contracts: 100, callsNeeded: 1, callsAllowed: 50 },
    ...parts,
  };
}

function larger(call: MarketMover | null, put: MarketMover | null): MarketMover | null {
  if (!call || !put) return call ?? put;
  return Math.abs(put.pct) > Math.abs(call.pct) ? put : call;
}

/** A random state of a row: identity as given, everything else as it may be. */
export function anyRow(
  shape: Pick<MarketRow, 'key' | 'lotSize' | 'legs'>,
  at: number,
): fc.Arbitrary<MarketRow> {
  const quantity = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 900_000 }).map((lots) => lots * (shape.lotSize ?? 1)) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 9_000_000 }) },
  );
  const nullable = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
    fc.option(one, { nil: null, freq: 5 });
  const captured = nullable(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 59_999 })));
  return fc
    .record({
      captured,
      spot: nullable(fc.double({ min: 0.05, max: 90_000, noNaN: true })),
      callOi: nullable(quantity),
      putOi: nullable(quantity),
      unknownLegs: fc.integer({ min: 0, max: shape.legs }),
      flags: fc.subarray(['stale', 'refused', 'partial', 'watched', 'waiting'] as const),
    })
    .chain(({ captured: taken, ...rest }) => {
      const slot = taken === null ? null : MARKET_SLOT - taken[0] * MINUTE_MS;
      const capturedAt = slot === null ? null : slot + taken![1];
      const windows = fc.tuple(
        ...MARKET_INTERVALS.map((minutes) => anyWindow(shape.legs, slot, minutes, quantity)),
      );
      return windows.map((all) => ({
        ...aMarketRow({ ...rest, slot, capturedAt, symbol: shape.key, ...shape, windows: all }),
        ageMs: capturedAt === null ? null : at - capturedAt,
      }));
    });
}

function anyWindow(
  legs: number,
  slot: number | null,
  minutes: number,
  quantity: fc.Arbitrary<number>,
): fc.Arbitrary<MarketWindow> {
  const signed = fc.tuple(quantity, fc.boolean()).map(([size, up]) => (up || size === 0 ? size : -size));
  const mover = (side: 'call' | 'put', sign: 1 | -1): fc.Arbitrary<MarketMover | null> =>
    slot === null
      ? fc.constant(null)
      : fc.option(
          fc
            .tuple(
              fc.integer({ min: 1, max: 90_000 }),
              quantity,
              fc.integer({ min: 1, max: 99 }),
              fc.integer({ min: 0, max: 1 }),
            )
            .filter(([, base]) => base > 0)
            .map(([strike, base, share, early]) => {
              const abs = sign * Math.max(1, Math.floor((base * share) / 100));
              return aMover({
                strike,
                side,
                oi: base + abs,
                abs,
                baseSlot: slot - (minutes + early) * MINUTE_MS,
              });
            }),
        );
  return fc
    .record({
      callAdd: fc.option(signed),
      putAdd: fc.option(signed),
      pcrChange: fc.option(fc.double({ min: -3, max: 3, noNaN: true }).map((x) => x + 0)),
      legs: fc.integer({ min: 0, max: legs }),
      callBuildUp: mover('call', 1),
      callUnwinding: mover('call', -1),
      putBuildUp: mover('put', 1),
      putUnwinding: mover('put', -1),
    })
    .map(({ callAdd, putAdd, pcrChange, legs: based, ...movers }) =>
      aWindow({ callAdd, putAdd, pcrChange, legs: based, movers }),
    );
}
