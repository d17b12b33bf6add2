import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expectedTables, type ChainTruth } from '../../support/truth/index.js';
import type { ActualTable, ExpectedTable } from '../../support/truth/types.js';

const HEADER = 'ts_iso,underlying,spot,expiry,strike,ce_oi,ce_ltp,ce_volume,pe_oi,pe_ltp,pe_volume';
const PREV_HEADER = 'underlying,expiry,strike,ce_prev_oi,pe_prev_oi';

/** A moment of the hand-made day, `HH:MM` or `HH:MM:SS` IST on 18 August 2026. */
export const ist = (time: string): number =>
  Date.parse(`2026-08-18T${time.length === 5 ? `${time}:00` : time}+05:30`);

/** One row of the hand-made day: `time spot strike ce_oi,ce_ltp,ce_volume pe_oi,pe_ltp,pe_volume`. */
function line(row: string): string {
  const [time = '', spot, strike, call, put] = row.split(' ');
  const ts = `2026-08-18T${time.length === 5 ? `${time}:00` : time}+05:30`;
  return [ts, 'TINY', spot === '-' ? '' : spot, '2026-08-25', strike, call, put].join(',');
}

/** The truth about a day written by hand, read through the very files that real days come in. */
export function tinyDay(rows: string[], prev: string[] = []): ChainTruth {
  const folder = mkdtempSync(join(tmpdir(), 'truth-'));
  try {
    const day = join(folder, 'day.csv.gz');
    const prevOi = join(folder, 'prev.csv.gz');
    writeFileSync(day, gzipSync([HEADER, ...rows.map(line), ''].join('\n')));
    writeFileSync(
      prevOi,
      gzipSync([PREV_HEADER, ...prev.map((row) => `TINY,2026-08-25,${row}`), ''].join('\n')),
    );
    const [chain] = expectedTables(day, prevOi);
    if (!chain) throw new Error('the hand-made day is empty');
    return chain;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A published table that agrees with the expected one in everything: the start for the deliberately wrong ones. */
export function published(table: ExpectedTable): ActualTable {
  return structuredClone({
    ...table,
    underlying: { symbol: table.symbol },
    intervals: [...table.intervals],
    rows: table.rows.map((row) => ({ strike: row.strike, call: leg(row.call), put: leg(row.put) })),
  });
}

function leg(expected: ExpectedTable['rows'][number]['call']): ActualTable['rows'][number]['call'] {
  if (!expected.seen) return null;
  return {
    ...expected,
    changes: expected.changes.map((change) => change && { ...change, buildUp: change.buildUp[0] ?? null }),
    reasons: expected.reasons.map((reasons) => reasons[0] ?? null),
  };
}
