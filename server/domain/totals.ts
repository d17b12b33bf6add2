import type { Leg, Row, Totals } from './delta-table.js';
import { maxPain } from './max-pain.js';

/** Sums of one side of the chain; the counts tell a sum of 0 from no sum. */
interface SideSums {
  oi: number;
  knownOi: number;
  dayChange: number;
  knownDayChange: number;
  unknown: number;
}

/**
 * Totals over the whole chain. Legs whose OI is unknown are left out, and counted.
 * PCR = Σ put OI ÷ Σ call OI (Motilal Oswal, Fyers School).
 * @param rows ascending by strike. @param spot rupees. @param atm the ATM strike, for the straddle.
 */
export function totalsOf(rows: readonly Row[], spot: number | null, atm: number | null): Totals {
  const call = sumSide(rows.map((row) => row.call));
  const put = sumSide(rows.map((row) => row.put));
  return {
    callOi: call.oi,
    putOi: put.oi,
    pcr: call.oi > 0 && put.knownOi > 0 ? put.oi / call.oi : null,
    maxPain: chainMaxPain(rows, spot),
    callDayChange: call.knownDayChange > 0 ? call.dayChange : null,
    putDayChange: put.knownDayChange > 0 ? put.dayChange : null,
    straddle: straddleAt(rows, atm),
    unknownLegs: call.unknown + put.unknown,
    scope: 'whole chain',
  };
}

function sumSide(legs: readonly (Leg | null)[]): SideSums {
  const sums: SideSums = { oi: 0, knownOi: 0, dayChange: 0, knownDayChange: 0, unknown: 0 };
  for (const leg of legs) {
    if (leg === null) continue;
    if (leg.oi === null) sums.unknown++;
    else {
      sums.oi += leg.oi;
      sums.knownOi++;
    }
    if (leg.dayChange !== null) {
      sums.dayChange += leg.dayChange.abs;
      sums.knownDayChange++;
    }
  }
  return sums;
}

function chainMaxPain(rows: readonly Row[], spot: number | null): number | null {
  return maxPain(
    rows.map((row) => row.strike),
    rows.map((row) => row.call?.oi ?? NaN),
    rows.map((row) => row.put?.oi ?? NaN),
    spot,
  );
}

/**
 * LTP of call + put at a strike in rupees, to a hundredth of a paisa: 100.05 + 99.1 is 199.15. An LTP of 0 is
 * a contract that was never traded, so there is no premium to add.
 */
function straddleAt(rows: readonly Row[], strike: number | null): number | null {
  const row = rows.find((candidate) => candidate.strike === strike);
  const call = row?.call?.ltp ?? 0;
  const put = row?.put?.ltp ?? 0;
  return call > 0 && put > 0 ? Math.round((call + put) * 10_000) / 10_000 : null;
}
