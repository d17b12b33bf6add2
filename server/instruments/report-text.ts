import { istDate, istTime } from '../domain/slot.js';
import type { ImportReport } from './import-report.js';

/** An import report in lines for a person, most important first. */
export function reportLines(report: ImportReport): string[] {
  const { refused } = report;
  const lines = [
    `${n(report.contracts)} contracts of ${n(report.underlyings)} underlyings (${report.exchanges.join(', ')}), ` +
      `as of ${istDate(report.asOf)} ${istTime(report.asOf).slice(0, 5)} IST, from ${n(report.rows)} rows in ${(report.ms / 1000).toFixed(1)} s.`,
    `added ${n(report.added)}, expired ${n(report.expired)}, moved to another expiry ${n(report.moved)}, ` +
      `re-keyed ${n(report.rekeyed)}, lot size changed ${n(report.lotChanged)}`,
    `keys that meant another contract before: ${n(report.reusedKeys)}`,
    `other instruments, left out: ${n(report.ignored)}`,
    `refused rows: ${n(refused.count)}`,
  ];
  for (const { reason, row } of refused.samples) lines.push(`  ${reason}: ${row}`);
  const more = refused.count - refused.samples.length;
  if (more > 0) lines.push(`  and ${n(more)} more`);
  return lines;
}

function n(value: number): string {
  return value.toLocaleString('en-IN');
}
