import type { Fault } from '../faults.js';
import type { LegAnswer, StrikeAnswer } from '../market.js';

/** Whether the i-th of a list is among an even spread of `percent` of it. */
function among(i: number, percent: number): boolean {
  return Math.floor(((i + 1) * percent) / 100) > Math.floor((i * percent) / 100);
}

function zeroed(leg: LegAnswer): LegAnswer {
  return { ...leg, market_data: { ...leg.market_data, oi: 0 } };
}

function mapLegs(rows: StrikeAnswer[], change: (leg: LegAnswer, index: number) => LegAnswer): StrikeAnswer[] {
  let index = 0;
  return rows.map((row) => ({
    ...row,
    ...(row.call_options ? { call_options: change(row.call_options, index++) } : {}),
    ...(row.put_options ? { put_options: change(row.put_options, index++) } : {}),
  }));
}

/** Spoils a chain in the way of the fault; faults that are not about chains leave it alone. */
export function spoilChain(rows: StrikeAnswer[], fault: Fault | null): StrikeAnswer[] {
  switch (fault?.type) {
    case 'partial-chain':
      return rows.filter((_, i) => !among(i, fault.percent));
    case 'all-zero':
      return mapLegs(rows, zeroed);
    case 'phantom-zero':
      return mapLegs(rows, (leg, i) => {
        const named = fault.keys?.includes(leg.instrument_key ?? '') ?? false;
        return named || among(i, fault.percent ?? 0) ? zeroed(leg) : leg;
      });
    default:
      return rows;
  }
}
