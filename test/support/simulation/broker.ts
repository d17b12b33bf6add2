import type { Answer } from '../truth/index.js';
import { isAnswer, isWay, lostOnTheWay, spoiledRows, type Below, type Kind } from './faults.js';
import { candlesOf, honestRows, read, type RawRow } from './market.js';

/**
 * The broker of the simulated days, in the place of `fetch`: what the real client gets is bytes. It meets the fault that
 * is planned for the next chain call, and remembers what it said last, as it is to be read.
 */
export class SimulatedBroker {
  /** Calls of the chain endpoint that meet the fault. */
  planned: { kind: Kind; left: number } | null = null;
  /** Where a believed zero would be ambiguous, it is not sent. */
  zerosAllowed = true;
  readonly hits = new Map<Kind, number>();
  private last: RawRow[] = [];

  constructor(
    private readonly now: () => number,
    public below: Below,
  ) {}

  /** Stands in for `fetch`. Never waits. */
  readonly fetch = async (input: unknown): Promise<Response> => {
    const url = new URL(String(input));
    if (url.pathname === '/v2/option/chain') return this.chain();
    const key = /^\/v3\/historical-candle\/intraday\/([^/]+)\/minutes\/1$/.exec(url.pathname)?.[1];
    if (key === undefined) throw new Error(`nobody should have asked for ${url.pathname}`);
    return envelope({ candles: candlesOf(decodeURIComponent(key), this.now()) });
  };

  /** The newest answer, as it is to be read, received at a moment. */
  told(at: number): Answer {
    return read(JSON.parse(JSON.stringify(this.last)) as RawRow[], at);
  }

  hit(kind: Kind): void {
    this.hits.set(kind, (this.hits.get(kind) ?? 0) + 1);
  }

  private chain(): Response {
    const kind = this.take();
    if (kind && isWay(kind)) return lostOnTheWay(kind, this.now(), this.below);
    this.last = kind && isAnswer(kind) ? spoiledRows(kind, this.now(), this.below) : honestRows(this.now());
    return envelope(this.last);
  }

  private take(): Kind | null {
    const { planned } = this;
    if (!planned || (!isWay(planned.kind) && !isAnswer(planned.kind))) return null;
    planned.left -= 1;
    if (planned.left <= 0) this.planned = null;
    if (planned.kind === 'zero' && !this.zerosAllowed) return null;
    this.hit(planned.kind);
    return planned.kind;
  }
}

const envelope = (data: unknown): Response => new Response(JSON.stringify({ status: 'success', data }));
