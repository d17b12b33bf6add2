/** What is said over the table about the list of instruments. Pure. */
import type { FeedStatus } from '../../server/protocol/index.js';
import { grouped } from './format.js';
import { istDate, shortDate } from './time.js';

/** The import under way, or that the contracts are of an earlier list; `null` when all is well or there is no list yet. */
export function listNotice(list: FeedStatus['instruments']): string | null {
  if (list.state === 'importing')
    return `Importing today's list of instruments: ${grouped(list.rows)} contracts so far.`;
  if (list.state !== 'failed' || list.asOf === null) return null;
  const contracts = `Contracts of ${shortDate(istDate(list.asOf))}`;
  return `${contracts}; today's list could not be imported: ${listProblem(list)} It is tried again every five minutes.`;
}

/** Why the import failed, as a sentence's end. */
export function listProblem({ problem }: FeedStatus['instruments']): string {
  if (!problem) return 'the log of the server says why.';
  return problem.endsWith('.') ? problem : `${problem}.`;
}
