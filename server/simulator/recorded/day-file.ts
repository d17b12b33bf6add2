import { type IsoDate, istDate } from '../ist.js';
import { readLines } from './gzip-file.js';

export const DAY_COLUMNS =
  'ts_iso,underlying,spot,expiry,strike,ce_oi,ce_ltp,ce_volume,pe_oi,pe_ltp,pe_volume';

/** What a row of the file holds per strike; NaN = blank. */
export const FIELDS = ['strike', 'ceOi', 'ceLtp', 'ceVolume', 'peOi', 'peLtp', 'peVolume'] as const;
export type Field = (typeof FIELDS)[number];
const FIRST_FIELD = 4;

/** All snapshots of one underlying and expiry, in time order: parallel lists. */
export interface RecordedChain {
  symbol: string;
  expiry: IsoDate;
  /** Epoch ms, ascending. */
  times: number[];
  /** Rupees; NaN = blank. */
  spots: number[];
  /** Rows of a snapshot: from `starts[i]` up to, not including, `ends[i]`. */
  starts: number[];
  ends: number[];
}

/** A recorded day: numbers in columns, so that a whole market fits into tens of megabytes. */
export interface RecordedDay {
  date: IsoDate;
  rows: number;
  columns: Record<Field, Float64Array>;
  /** By `chainName`. */
  chains: Map<string, RecordedChain>;
}

export function chainName(symbol: string, expiry: IsoDate): string {
  return `${symbol}|${expiry}`;
}

/** Collects the rows of a day file; they must come sorted by time. */
class DayBuilder {
  private rows = 0;
  private columns = this.allocate(1 << 14);
  private readonly chains = new Map<string, RecordedChain>();
  private date: IsoDate | null = null;
  private time = -Infinity;
  private stamp = '';
  private current: RecordedChain | null = null;

  private allocate(size: number): Record<Field, Float64Array> {
    return Object.fromEntries(FIELDS.map((f) => [f, new Float64Array(size)])) as Record<Field, Float64Array>;
  }

  private grow(): void {
    const larger = this.allocate(this.rows * 2);
    for (const f of FIELDS) larger[f].set(this.columns[f]);
    this.columns = larger;
  }

  private startTime(stamp: string): void {
    const time = Date.parse(stamp);
    if (!Number.isFinite(time)) throw new Error(`"${stamp}" is no time`);
    if (time < this.time) throw new Error('times must ascend');
    const date = istDate(time);
    this.date ??= date;
    if (date !== this.date) throw new Error(`holds ${this.date} and ${date}; one day is wanted`);
    [this.time, this.stamp, this.current] = [time, stamp, null];
  }

  private startSnapshot(symbol: string, expiry: string, spot: number): RecordedChain {
    const name = chainName(symbol, expiry);
    const chain = this.chains.get(name) ?? { symbol, expiry, times: [], spots: [], starts: [], ends: [] };
    if (chain.times.at(-1) === this.time) throw new Error(`${symbol} ${expiry} comes twice at one time`);
    chain.times.push(this.time);
    chain.spots.push(spot);
    chain.starts.push(this.rows);
    chain.ends.push(this.rows);
    this.chains.set(name, chain);
    return chain;
  }

  add(text: string): void {
    const cells = text.split(',');
    const [stamp = '', symbol = '', spot = '', expiry = ''] = cells;
    if (stamp !== this.stamp) this.startTime(stamp);
    if (this.current?.symbol !== symbol || this.current.expiry !== expiry)
      this.current = this.startSnapshot(symbol, expiry, toNumber(spot));
    if (this.rows === this.columns.strike.length) this.grow();
    for (let i = 0; i < FIELDS.length; i++)
      this.columns[FIELDS[i] as Field][this.rows] = toNumber(cells[FIRST_FIELD + i] ?? '');
    this.rows += 1;
    this.current.ends[this.current.ends.length - 1] = this.rows;
  }

  finish(): RecordedDay {
    if (this.date === null) throw new Error('holds no rows');
    return { date: this.date, rows: this.rows, columns: this.columns, chains: this.chains };
  }
}

function toNumber(text: string): number {
  if (text === '') return NaN;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`"${text}" is no number`);
  return value;
}

/**
 * Reads a recorded day (`.csv.gz` or `.csv` with the columns `DAY_COLUMNS`, sorted by time).
 * @throws Error with the file and line when the file is not of that form.
 */
export async function readDay(file: string): Promise<RecordedDay> {
  const builder = new DayBuilder();
  await readLines(file, (text, number) => {
    try {
      if (number > 1) builder.add(text);
      else if (text !== DAY_COLUMNS) throw new Error(`the columns must be ${DAY_COLUMNS}`);
    } catch (error) {
      throw new Error(`line ${number}: ${(error as Error).message}`, { cause: error });
    }
  });
  try {
    return builder.finish();
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}
