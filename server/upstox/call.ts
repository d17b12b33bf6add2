import type { BrokerApi } from './broker.js';

/** One call to the broker's HTTP API. */
export interface BrokerCall<T> {
  readonly api: BrokerApi;
  /** Whose limits it counts against. */
  readonly userId: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Bearer token; `null` for the calls that need none. */
  readonly token: string | null;
  readonly form?: URLSearchParams;
  /** Strings that must not appear in any message, besides the token. */
  readonly secrets?: readonly string[];
  /**
   * Turns the parsed JSON of a 2xx answer into the result.
   * @throws BrokerError when it is an error in disguise or not in the broker's shape.
   */
  readonly read: (json: unknown) => T;
}

/** Everything of a call that no message may show. */
export function secretsOf(call: Pick<BrokerCall<unknown>, 'token' | 'secrets'>): readonly string[] {
  return [...(call.token ? [call.token] : []), ...(call.secrets ?? [])];
}

/** One segment of a path, percent-encoded; dots alone would climb out of it. */
export function segment(text: string): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%252E') : encodeURIComponent(text);
}

/** Joins a base address, which may end in a slash, and a path that begins with one. */
export function address(base: string, path: string): string {
  return base.replace(/(?<!\/)\/+$/, '') + path;
}
