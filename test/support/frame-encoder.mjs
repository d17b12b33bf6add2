/**
 * A plain reference encoder of `chain:change`, written from server/protocol/frame.ts alone. It shares no code with
 * the server's encoder nor with the client's decoder: tests hold both against it, and the fake server uses it.
 */
const STATES = [
  'value',
  'value-backfilled',
  'oi-unknown',
  'no-history',
  'gap',
  'base-unknown',
  'not-listed',
  'no-leg',
];
const BUILD_UPS = [null, 'LB', 'SB', 'SC', 'LU', 'flat'];
const MINUTE_MS = 60_000;

/** The frame that leads from `from` to `to`; both must have the same chain, strikes, listed legs and windows. */
export function encodeFrame(from, to) {
  const legsFrom = from.rows.flatMap((row) => [row.call, row.put]);
  const legsTo = to.rows.flatMap((row) => [row.call, row.put]);
  const windows = to.intervals.length;
  const cellsFrom = cellsOf(legsFrom, windows);
  const cellsTo = cellsOf(legsTo, windows);
  const base = to.intervals.map((_, i) =>
    commonest(cellsTo.filter((_, n) => n % windows === i).map((c) => c.baseSlot)),
  );
  return {
    v: 1,
    underlying: to.underlying.key,
    expiry: to.expiry,
    seq: to.seq,
    slot: to.slot,
    capturedAt: to.capturedAt,
    source: to.source,
    spot: to.spot,
    atmStrike: to.atmStrike,
    totals: to.totals,
    rows: to.rows.length,
    ...numbers('oi', legsFrom, legsTo, (n) => n),
    ...numbers('ltp', legsFrom, legsTo, (rupees) => exactPaise(rupees)),
    ...numbers('volume', legsFrom, legsTo, (n) => n),
    prevOi: sparse(legsTo, (leg, i) => (leg && leg.prevOi !== legsFrom[i].prevOi ? leg.prevOi : undefined)),
    base,
    baseShift: sparse(cellsTo, (cell, n) => {
      const shift = cell.baseSlot === null ? 0 : (cell.baseSlot - base[n % windows]) / MINUTE_MS;
      return shift === 0 ? undefined : shift;
    }),
    abs: sparse(cellsTo, (cell, n) => (cell.abs === cellsFrom[n].abs ? undefined : cell.abs)),
    state: sparse(cellsTo, (cell, n) => (cell.state === cellsFrom[n].state ? undefined : cell.state)),
    buildUp: sparse(cellsTo, (cell, n) => (cell.buildUp === cellsFrom[n].buildUp ? undefined : cell.buildUp)),
  };
}

function cellsOf(legs, windows) {
  return legs.flatMap((leg) => Array.from({ length: windows }, (_, i) => cellOf(leg, i)));
}

function cellOf(leg, i) {
  const change = leg?.changes[i] ?? null;
  if (change === null)
    return { state: STATES.indexOf(leg ? leg.reasons[i] : 'no-leg'), abs: 0, baseSlot: null, buildUp: 0 };
  return {
    state: change.backfilled ? 1 : 0,
    abs: change.abs,
    baseSlot: change.baseSlot,
    buildUp: BUILD_UPS.indexOf(change.buildUp),
  };
}

/** Differences where both are known and exact in whole units of `scale`, else the new value in `<name>Set`. */
function numbers(name, from, to, scale) {
  const whole = (i) => {
    const [a, b] = [from[i]?.[name] ?? null, to[i]?.[name] ?? null];
    if (a === null || b === null) return null;
    const [x, y] = [scale(a), scale(b)];
    return x === null || y === null ? null : y - x;
  };
  return {
    [name]: sparse(to, (leg, i) =>
      leg && leg[name] !== from[i][name] ? (whole(i) ?? undefined) : undefined,
    ),
    [`${name}Set`]: sparse(to, (leg, i) =>
      leg && leg[name] !== from[i][name] && whole(i) === null ? leg[name] : undefined,
    ),
  };
}

function exactPaise(rupees) {
  const paise = Math.round(rupees * 100);
  return paise / 100 === rupees ? paise : null;
}

function sparse(items, valueOf) {
  const flat = [];
  let gap = 0;
  items.forEach((item, i) => {
    const value = valueOf(item, i);
    if (value === undefined) {
      gap += 1;
      return;
    }
    flat.push(gap, value);
    gap = 0;
  });
  return flat;
}

function commonest(slots) {
  const counts = new Map();
  for (const slot of slots) if (slot !== null) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  let best = null;
  for (const [slot, count] of counts) if (best === null || count > counts.get(best)) best = slot;
  return best;
}
