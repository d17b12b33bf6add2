import Notice from '../../../client/components/Notice.svelte';
import { listNotice } from '../../../client/lib/list-notice.js';
import type { Tracker } from '../../../client/state/tracker.svelte.js';
import type { FeedStatus } from '../../../server/protocol/index.js';
import { aStatus, aTable } from './fakes.js';
import { closeAll, mounted } from './mounted.dom.js';

afterEach(closeAll);

const AS_OF = Date.parse('2026-08-17T06:01:00+05:30');
const WHY = "The broker's server has a fault (HTTP 503)";

/** The notice over the table of a market that is well, with this list of instruments. */
function notice(instruments: FeedStatus['instruments'], underlyings: object[] = [{}]): string | null {
  const tracker = {
    feed: {
      label: { tone: 'live', text: 'Live', age: null, notice: null },
      server: aStatus({ chain: null, instruments }),
    },
    catalog: { underlyings },
    chain: { table: aTable(), problem: null },
  } as unknown as Tracker;
  const { container } = mounted(Notice, { tracker });
  return container.textContent?.replace(/\s+/g, ' ').trim() || null;
}

describe('the notice over the table', () => {
  it("should say of when the contracts are when today's list could not be imported, and why", () => {
    expect(notice({ state: 'failed', rows: 0, asOf: AS_OF, problem: WHY })).toBe(
      `Contracts of 17 Aug; today's list could not be imported: ${WHY}. It is tried again every five minutes.`,
    );
  });

  it('should send to the log where the server gives no reason', () => {
    expect(notice({ state: 'failed', rows: 0, asOf: AS_OF })).toContain(
      'could not be imported: the log of the server says why. It is tried',
    );
  });

  it('should count while the list is imported, and be silent when it is there', () => {
    expect(notice({ state: 'importing', rows: 48_213, asOf: AS_OF })).toBe(
      "Importing today's list of instruments: 48,213 contracts so far.",
    );
    expect(notice({ state: 'ready', rows: 48_213, asOf: AS_OF })).toBeNull();
  });

  it('should leave it to the empty page where there is no list at all', () => {
    expect(notice({ state: 'failed', rows: 0, asOf: null, problem: WHY }, [])).toBeNull();
    expect(listNotice({ state: 'failed', rows: 0, asOf: null, problem: WHY })).toBeNull();
  });
});
