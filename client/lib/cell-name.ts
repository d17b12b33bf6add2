/** Names of the table's cells. Apart from what explains them, which is fetched when it is asked for. */
export type Side = 'call' | 'put';
/** A column of one side: `w0`…`w4` are the windows in the order of `intervals`. */
export type Column = `w${number}` | 'today' | 'oi' | 'ltp';

export interface CellRef {
  side: Side;
  strike: number;
  column: Column;
}

/** Name of a cell in the page, such as `call:24200:w1`. */
export function cellName(ref: CellRef): string {
  return `${ref.side}:${ref.strike}:${ref.column}`;
}

/** @returns `null` when the name is not one of `cellName` */
export function parseCell(name: string): CellRef | null {
  const match = /^(call|put):([\d.]+):(w\d+|today|oi|ltp)$/.exec(name);
  if (!match) return null;
  return { side: match[1] as Side, strike: Number(match[2]), column: match[3] as Column };
}
