import { ManualClock } from '../../../server/clock/clock.js';
import {
  generatedMarket,
  type Market,
  type Simulator,
  startSimulator,
} from '../../../server/simulator/index.js';
import { istDate } from '../../../server/simulator/ist.js';

export const DATE = '2026-11-20';
export const NIFTY = 'NSE_INDEX|Nifty 50';
export const at = (time: string, date = DATE): number => Date.parse(`${date}T${time}+05:30`);

/** What an endpoint answered. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, or null when it is no JSON. */
  json: { status?: string; data?: unknown; errors?: Record<string, unknown>[] } | null;
}

function parse(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json'];
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** A simulator on a free port with a clock that stands still until told, and a client for it. */
export class Started {
  readonly clock = new ManualClock(at('12:00:00'));
  simulator!: Simulator;

  static async with(options: { limits?: boolean; market?: Market } = {}): Promise<Started> {
    const started = new Started();
    const market = options.market ?? generatedMarket({ date: DATE });
    const now = (): number => started.clock.now();
    started.simulator = await startSimulator({ market, now, limits: options.limits ?? true });
    return started;
  }

  /** Requests a path with the demo token unless other headers are given. Redirects are not followed. */
  async get(
    path: string,
    headers: Record<string, string> = { authorization: 'Bearer demo' },
  ): Promise<Answer> {
    return this.request(path, { headers });
  }

  async request(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.simulator.url + path, { redirect: 'manual', ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }
}

/** The broker's error code of an answer. */
export function codeOf(answer: Answer): unknown {
  return answer.json?.errors?.[0]?.errorCode;
}

/** The nearest expiry of an underlying and the keys of its options. */
export function nearest(market: Market, underlyingKey: string): { expiry: string; keys: string[] } {
  const options = market.instruments().filter((r) => r.underlying_key === underlyingKey && r.strike_price);
  const first = Math.min(...options.map((r) => r.expiry ?? Infinity));
  const keys = options.filter((r) => r.expiry === first).map((r) => r.instrument_key);
  return { expiry: istDate(first), keys };
}

export const encoded = (key: string): string => encodeURIComponent(key);
