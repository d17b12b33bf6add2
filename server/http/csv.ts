export type CsvCell = string | number | null;

/** Lines as CSV (RFC 4180). Empty = unknown. */
export function csv(lines: readonly (readonly CsvCell[])[]): string {
  return lines.map((cells) => cells.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Text that a spreadsheet would take for a formula is defused with an apostrophe (OWASP, CSV injection). */
function cell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
