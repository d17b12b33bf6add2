import { readLines } from './gzip-file.js';

const COLUMNS = 'underlying,expiry,strike,ce_prev_oi,pe_prev_oi';

/** Previous session's closing OI in units by `prevOiId`. */
export type PrevOi = ReadonlyMap<string, number>;

export function prevOiId(symbol: string, expiry: string, strike: number, type: string): string {
  return `${symbol}|${expiry}|${strike}|${type}`;
}

/** Reads a file of closing OI; blank cells stay unknown. @throws Error with file and line. */
export async function readPrevOi(file: string): Promise<PrevOi> {
  const known = new Map<string, number>();
  await readLines(file, (text, number) => {
    if (number === 1) {
      if (text !== COLUMNS) throw new Error(`line 1: the columns must be ${COLUMNS}`);
      return;
    }
    const [symbol = '', expiry = '', strike = '', ...sides] = text.split(',');
    ['CE', 'PE'].forEach((type, i) => {
      const value = Number(sides[i]);
      if (sides[i] === undefined || !Number.isFinite(value)) throw new Error(`line ${number}: no number`);
      if (sides[i] !== '') known.set(prevOiId(symbol, expiry, Number(strike), type), value);
    });
  });
  return known;
}
