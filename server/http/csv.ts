export type CsvCell = string | number | null;

/** Lines as CSV (RFC 4180). Empty = unknown. */
export function csv(lines: readonly (readonly CsvCell[])[]): string {
  return lines.map((cells) => cells.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

/**
 * One cell. Text that a spreadsheet would take for a formula, in full width too, is defused with an apostrophe (OWASP, CSV
 * injection).
 */
export function csvCell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
