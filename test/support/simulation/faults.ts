import { MINUTE_MS } from '../../../server/domain/units.js';
import { honestRows, type Cell, type RawLeg, type RawRow } from './market.js';

/** Faults of the way: the call brings nothing. */
export const WAY = [
  'throttled',
  'server-error',
  'web-page',
  'truncated',
  'wrong-shape',
  'null-data',
  'hang-up',
] as const;
/** Faults in an answer that is believed for the rest of it. */
export const CELLS = ['partial', 'junk', 'nulls', 'no-spot'] as const;
/** Answers that the rules for suspect answers are made for. */
export const SUSPECT = ['phantom', 'zero', 'stale', 'all-zero'] as const;
/** Faults of the machine: the disk, the process, the clock. */
export const MACHINE = ['write-failure', 'restart'] as const;
export const CLOCK = ['clock-back', 'clock-forward'] as const;

export const KINDS = [...WAY, ...CELLS, ...SUSPECT, ...MACHINE, ...CLOCK] as const;
export type Kind = (typeof KINDS)[number];
type AnswerKind = (typeof CELLS)[number] | (typeof SUSPECT)[number];

export const isWay = (kind: Kind): kind is (typeof WAY)[number] => WAY.some((one) => one === kind);
export const isAnswer = (kind: Kind): kind is AnswerKind =>
  [...CELLS, ...SUSPECT].some((one) => one === kind);

/** 0 ≤ integer < n */
export type Below = (n: number) => number;

const JUNK: readonly Cell[] = [-65, 1e308, '52000', 'NaN', [1], true, 6_500.5, {}];
const FIELDS = ['oi', 'ltp', 'volume'] as const;

/** The answer to a call that meets no fault on its way. */
export function spoiledRows(kind: AnswerKind, at: number, below: Below): RawRow[] {
  const rows = honestRows(at);
  switch (kind) {
    case 'partial':
      return rows.filter((_row, i) => i !== below(rows.length) && i !== below(2 * rows.length));
    case 'junk':
      return someLegs(rows, below, (cells) => ({
        ...cells,
        [FIELDS[below(FIELDS.length)]!]: JUNK[below(JUNK.length)],
      }));
    case 'nulls':
      return someLegs(rows, below, (cells) => ({ ...cells, [FIELDS[below(FIELDS.length)]!]: null }));
    case 'no-spot':
      return rows.map((row) => ({ ...row, underlying_spot_price: [0, -1, null, '24100'][below(4)] }));
    case 'phantom':
      return someLegs(rows, below, ({ ltp, prev_oi }) => ({ ltp, prev_oi, oi: 0 }));
    case 'zero':
      return someLegs(rows, below, (cells) => ({ ...cells, oi: 0 }));
    case 'stale':
      return honestRows(at - (1 + below(4)) * MINUTE_MS);
    case 'all-zero':
      return someLegs(
        rows,
        () => 0,
        (cells) => ({ ...cells, oi: 0 }),
        1,
      );
  }
}

type Spoil = (cells: RawLeg['market_data']) => RawLeg['market_data'];

/** Spoils one leg in `oneIn` by chance, and one for certain. */
function someLegs(rows: RawRow[], below: Below, spoil: Spoil, oneIn = 5): RawRow[] {
  const certain = below(2 * rows.length);
  const touched = (leg: RawLeg, number: number): RawLeg =>
    number === certain || below(oneIn) === 0 ? { ...leg, market_data: spoil(leg.market_data) } : leg;
  return rows.map((row, i) => ({
    ...row,
    call_options: touched(row.call_options, 2 * i),
    put_options: touched(row.put_options, 2 * i + 1),
  }));
}

/** What comes instead of an answer. @throws for a connection that breaks */
export function lostOnTheWay(kind: (typeof WAY)[number], at: number, below: Below): Response {
  const envelope = (data: unknown): string => JSON.stringify({ status: 'success', data });
  const whole = envelope(honestRows(at));
  switch (kind) {
    case 'throttled':
      return new Response('{}', {
        status: 429,
        headers: below(2) === 0 ? { 'retry-after': String(1 + below(90)) } : {},
      });
    case 'server-error':
      return new Response('oops', { status: [500, 502, 503, 504][below(4)]! });
    case 'web-page':
      return new Response('<!DOCTYPE html><title>Access denied</title>', { status: 200 });
    case 'truncated':
      return new Response(whole.slice(0, 1 + below(whole.length - 1)));
    case 'wrong-shape':
      return new Response(envelope([[{ strikes: 1 }], [7, 'x'], [{ strike_price: '24000' }]][below(3)]));
    case 'null-data':
      return new Response(envelope(null));
    case 'hang-up':
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  }
}
