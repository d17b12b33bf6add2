import type { Broker, BrokerCandle, BrokerToken } from '../upstox/broker.js';
import { BrokerError } from '../upstox/errors.js';

const CALLS_AT_ONCE = 6;

/** What the broker answered for each key that was asked for. */
export interface CandleAnswers {
  /** By key, ascending by time; empty where nothing has traded. */
  candles: ReadonlyMap<string, readonly BrokerCandle[]>;
  /** Keys that the broker does not have, with its words. */
  refused: ReadonlyMap<string, string>;
}

/**
 * One-minute candles of today for each key, one call a key. A key that the broker refuses says nothing about the others;
 * any other error ends the run: no further key is asked for, and the calls under way have ended when it is thrown.
 * @throws BrokerError the first such error, or the refusal when not a single key was answered.
 */
export async function fetchCandles(
  broker: Broker,
  token: BrokerToken,
  keys: readonly string[],
): Promise<CandleAnswers> {
  const waiting = [...keys];
  const candles = new Map<string, readonly BrokerCandle[]>();
  const refused = new Map<string, string>();
  const take = async (key: string): Promise<void> => {
    try {
      candles.set(key, await broker.intradayCandles(token, key));
    } catch (error) {
      if (!(error instanceof BrokerError) || error.kind !== 'refused') throw error;
      refused.set(key, error.message);
      // Nothing but refusals is not about single keys: this token, perhaps, may not read candles at all.
      const isLast = refused.size === keys.length;
      if (candles.size === 0 && (isLast || refused.size >= CALLS_AT_ONCE)) throw error;
    }
  };
  const worker = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift())
      await take(key).catch((error: unknown) => {
        waiting.length = 0;
        throw error;
      });
  };
  const ends = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { candles, refused };
}
