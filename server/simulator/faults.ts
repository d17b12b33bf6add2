import type { PathKind } from './calls.js';

/** What can go wrong at a broker. */
export type Fault =
  /** An error body with this status: 429, 500, 503 …; `retryAfter` in seconds, as the header has it. */
  | { type: 'status'; status: number; code?: string; message?: string; retryAfter?: number }
  /** No answer at all until the client gives up. */
  | { type: 'timeout' }
  /** The whole answer is ready, and leaves when the promise resolves. */
  | { type: 'held'; until: Promise<void> }
  /** The body trickles in over this many milliseconds of real time. */
  | { type: 'slow-body'; ms: number }
  /** Half of the JSON, well-formed as HTTP. */
  | { type: 'truncated-json' }
  /** A page of the network in front of the broker instead of JSON (403 unless told). */
  | { type: 'html'; status?: number }
  /** Success, but in types nobody expects. */
  | { type: 'wrong-shape' }
  /** Success with `data: null`. */
  | { type: 'null-data' }
  /** This share of the strikes is missing. */
  | { type: 'partial-chain'; percent: number }
  /** OI 0 for these legs (or this share of all), their volume as it was. */
  | { type: 'phantom-zero'; keys?: readonly string[]; percent?: number }
  /** Every OI is 0. */
  | { type: 'all-zero' }
  /** The answer of some minutes ago (1 unless told). */
  | { type: 'stale'; minutes?: number }
  /** The broker's clock is this much ahead of `now` (behind, if below 0): its `Date` header and what it answers for. */
  | { type: 'skew'; ms: number }
  /** 401, as when the token was revoked. */
  | { type: 'token-death' }
  /** The instrument master breaks off in the middle. */
  | { type: 'half-master' };

/** Whether a call meets a fault, by what it asks for (see `Call.subject`). */
type Meets = (subject: string) => boolean;

interface Planned {
  kind: PathKind | 'all';
  fault: Fault;
  left: number;
  meets: Meets;
}

/** Which faults the next calls meet. Driven by the process that owns the simulator, never over HTTP. */
export class FaultPlan {
  private planned: Planned[] = [];

  /**
   * Lets the next `times` calls of a kind meet the fault.
   * @param times `Infinity` = until cleared.
   * @param meets for faults that only some of these calls meet, such as those for one underlying.
   */
  inject(kind: PathKind | 'all', fault: Fault, times = 1, meets: Meets = () => true): void {
    this.planned.push({ kind, fault, left: times, meets });
  }

  /** Forgets the faults of a kind, or all of them. */
  clear(kind?: PathKind | 'all'): void {
    this.planned = kind === undefined ? [] : this.planned.filter((p) => p.kind !== kind);
  }

  /** How many planned faults are not used up. */
  get pending(): number {
    return this.planned.length;
  }

  /** The fault that a call of this kind meets now; first planned, first met. */
  take(kind: PathKind, subject = ''): Fault | null {
    const next = this.planned.find((p) => (p.kind === kind || p.kind === 'all') && p.meets(subject));
    if (!next) return null;
    next.left -= 1;
    if (next.left <= 0) this.planned = this.planned.filter((p) => p !== next);
    return next.fault;
  }
}
