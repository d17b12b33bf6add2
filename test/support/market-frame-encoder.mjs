/**
 * A plain encoder of `market:change`, written from server/protocol/market.ts alone: every row, every quantity in units,
 * every change of PCR told. It shares no code with the server's; the fake server uses it.
 */
const FLAGS = ['stale', 'refused', 'partial', 'watched', 'waiting'];
const MOVERS = ['callBuildUp', 'callUnwinding', 'putBuildUp', 'putUnwinding'];
const MINUTE_MS = 60_000;

/** The frame that leads from `from` to `to`. Other underlyings, or legs: every screen must ask again. */
export function encodeMarketFrame(from, to) {
  const shape = (board) => JSON.stringify(board.rows.map((row) => [row.key, row.expiry, row.legs]));
  const same = shape(from) === shape(to);
  const rows = same ? to.rows : [];
  const cells = (of) => rows.flatMap((row) => row.windows.map((window, k) => of(window, row, k)));
  const packed = (name) => {
    const movers = cells(({ movers }, row, k) => ({ mover: movers[name], row, minutes: to.intervals[k] }));
    const known = movers.filter(({ mover }) => mover !== null);
    return {
      strike: movers.map(({ mover }) => mover?.strike ?? 0),
      oi: known.map(({ mover }) => mover.oi),
      abs: known.map(({ mover }) => mover.abs),
      early: known.map(({ mover, row, minutes }) => (row.slot - mover.baseSlot) / MINUTE_MS - minutes),
    };
  };
  return {
    v: 1,
    seq: to.seq,
    slot: to.slot,
    at: to.at,
    sweep: to.sweep,
    rows: rows.length,
    changed: rows.map(() => 0),
    inUnits: rows.map((_, i) => i),
    spot: rows.map((row) => row.spot),
    late: rows.map((row) => (row.slot === null ? null : (to.slot - row.slot) / MINUTE_MS)),
    taken: rows.map((row) => (row.slot === null ? null : row.capturedAt - row.slot)),
    callOi: rows.map((row) => row.callOi),
    putOi: rows.map((row) => row.putOi),
    unknownLegs: rows.map((row) => row.unknownLegs),
    flags: rows.map((row) =>
      FLAGS.reduce((bits, flag, i) => bits | (row.flags.includes(flag) ? 1 << i : 0), 0),
    ),
    callAdd: cells((window) => window.callAdd),
    putAdd: cells((window) => window.putAdd),
    baseless: cells((window, row) => row.legs - row.unknownLegs - window.legs),
    pcrChange: cells((window) => [0, window.pcrChange]).flat(),
    ...Object.fromEntries(MOVERS.map((name) => [name, packed(name)])),
  };
}
