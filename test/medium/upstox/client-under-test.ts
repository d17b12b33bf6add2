import { VirtualClock } from '../../../server/clock/clock.js';
import type { BrokerToken } from '../../../server/upstox/broker.js';
import { BrokerError } from '../../../server/upstox/errors.js';
import { UpstoxClient, type UpstoxOptions } from '../../../server/upstox/upstox-client.js';

export const TOKEN: BrokerToken = { accessToken: 'pLanted-t0ken.value_xyz', userId: 'AB1234' };

/** Pauses pass a thousand times as fast, so that back-offs of seconds take milliseconds. */
export const fastClock = (): VirtualClock => new VirtualClock(Date.parse('2026-11-23T10:00:00+05:30'), 1_000);

export function clientOf(url: string, options: Partial<UpstoxOptions> = {}): UpstoxClient {
  return new UpstoxClient({
    addresses: { apiUrl: url, loginUrl: url, assetsUrl: url },
    clock: fastClock(),
    ...options,
    pacing: { maxWaitMs: 60_000, ...options.pacing },
    retry: { tryMs: 2_000, totalMs: 5_000, ...options.retry },
  });
}

/** The BrokerError that `promise` ends in; anything else fails the test. */
export async function brokerError(promise: Promise<unknown>): Promise<BrokerError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof BrokerError) return error;
  throw error;
}
