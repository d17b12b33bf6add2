import { MINUTE_MS } from './ist.js';

/** The kinds of paths of the broker; rate limits, faults and counts are kept by them. */
export const PATH_KINDS = [
  'login-dialog',
  'login-token',
  'logout',
  'profile',
  'option-chain',
  'option-contract',
  'quotes',
  'quotes-v3',
  'ltp',
  'intraday-candles',
  'historical-candles',
  'market-status',
  'holidays',
  'timings',
  'assets',
] as const;

export type PathKind = (typeof PATH_KINDS)[number];

/** One request, as the log keeps it. No token and no secret is kept. */
export interface Call {
  kind: PathKind;
  /** Virtual time of arrival, epoch ms. */
  at: number;
  /** What was asked for: path and query, such as `/v2/option/chain?instrument_key=…`; empty for the login paths. */
  subject: string;
  userAgent: string;
  /** HTTP status of the answer; null while there is none. */
  status: number | null;
  /** The client's connection closed before the whole answer was sent. */
  cutOff: boolean;
}

const KEPT = 20_000;

/** Which calls came, for tests that count them. The newest 20,000 are kept in full, the counts for ever. */
export class CallLog {
  private readonly counts = new Map<string, number>();
  private readonly kept: Call[] = [];

  /** @returns the entry, so that the answer's status can be filled in. */
  add(call: Omit<Call, 'status' | 'cutOff'>): Call {
    const entry: Call = { ...call, status: null, cutOff: false };
    const minute = Math.floor(call.at / MINUTE_MS);
    for (const key of ['all', call.kind, `all@${minute}`, `${call.kind}@${minute}`])
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    this.kept.push(entry);
    if (this.kept.length > KEPT) this.kept.splice(0, KEPT / 10);
    return entry;
  }

  /** Number of calls of a kind (or of all), in one virtual minute when an instant of it is given. */
  count(kind: PathKind | 'all' = 'all', minuteOf?: number): number {
    const minute = minuteOf === undefined ? '' : `@${Math.floor(minuteOf / MINUTE_MS)}`;
    return this.counts.get(`${kind}${minute}`) ?? 0;
  }

  /** The kept calls in order of arrival. */
  list(kind?: PathKind): readonly Readonly<Call>[] {
    return kind ? this.kept.filter((c) => c.kind === kind) : [...this.kept];
  }

  clear(): void {
    this.counts.clear();
    this.kept.length = 0;
  }
}
