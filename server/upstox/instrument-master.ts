import type { Clock } from '../clock/clock.js';
import { address } from './call.js';
import type { BrokerMetrics } from './broker-metrics.js';
import { type Download, type DownloadLimits, openFile } from './download.js';
import { BrokerError } from './errors.js';
import { Deadline, isPassing, pauseMs, type RetryPolicy, sleepUnlessOver } from './retry.js';

export interface MasterOptions {
  readonly clock: Clock;
  readonly metrics: BrokerMetrics;
  readonly retry: RetryPolicy;
  readonly limits: DownloadLimits;
}

/**
 * Opens an instrument master of the broker (gzip; no sign-in and no rate limit). Opening is tried again after passing
 * faults; a body that breaks off is the reader's to start anew.
 */
export async function openInstrumentMaster(
  assetsUrl: string,
  name: string,
  options: MasterOptions,
): Promise<Download> {
  const url = address(assetsUrl, `/market-quote/instruments/exchange/${name}.json.gz`);
  const deadline = new Deadline(options.retry.totalMs);
  try {
    for (let n = 1; ; n++) {
      try {
        return await openOnce(url, options, deadline);
      } catch (error) {
        if (n >= options.retry.tries || !isPassing(error)) throw error;
        if (!(await sleepUnlessOver(options.clock, pauseMs(n + 1, options.retry), deadline))) throw error;
      }
    }
  } finally {
    deadline.close();
  }
}

async function openOnce(url: string, options: MasterOptions, deadline: Deadline): Promise<Download> {
  const { clock, metrics, limits } = options;
  const headersMs = Math.max(1, Math.min(limits.headersMs, deadline.left()));
  try {
    const file = await openFile(url, { ...limits, headersMs });
    metrics.record('instruments', 'ok', clock.now());
    return file;
  } catch (error) {
    if (error instanceof BrokerError) metrics.record('instruments', error.kind, clock.now());
    throw error;
  }
}
