import { jest } from '@jest/globals';
import { flushSync, tick } from 'svelte';
import type { Api } from '../../../client/api.js';
import QualityDialog from '../../../client/components/QualityDialog.svelte';
import { ApiError } from '../../../client/lib/errors.js';
import type { ChainQuality, ChainRef, QualityReport } from '../../../server/protocol/index.js';
import { NIFTY } from './fakes.js';
import { closeAll, mounted } from './mounted.dom.js';

// jsdom has no modal dialogs.
HTMLDialogElement.prototype.showModal = function (): void {
  this.open = true;
};

afterEach(closeAll);

const slot = (time: string): number => Date.parse(`2026-08-18T${time}:00+05:30`);

/** Six counts that are all different, so that none can stand in the place of another. */
const own: ChainQuality = {
  underlying: NIFTY.underlying,
  symbol: 'NIFTY',
  expiry: NIFTY.expiry,
  expected: 318,
  captured: 297,
  backfilled: 11,
  refused: 3,
  missed: 7,
  unknownLegs: 42,
  refusals: [
    { slot: slot('09:20'), reason: 'all-zero', detail: '212 legs' },
    { slot: slot('10:02'), reason: 'stale-volume', detail: '4,310 < 4,812' },
    { slot: slot('13:37'), reason: 'stale-volume', detail: '9,001 < 9,002' },
  ],
  gaps: [
    { from: slot('09:21'), to: slot('09:26') },
    { from: slot('14:05'), to: slot('14:05') },
  ],
};
const other: ChainQuality = {
  ...own,
  ...{ underlying: 'NSE_INDEX|Nifty Bank', symbol: 'BANKNIFTY', expiry: '2026-08-25' },
  ...{ expected: 100, captured: 91, backfilled: 2, refused: 1, missed: 6, unknownLegs: 5 },
};

async function shown(answer: () => Promise<QualityReport>, chain: ChainRef | null = NIFTY) {
  const quality = jest.fn(answer);
  const api = { quality } as unknown as Api;
  const page = mounted(QualityDialog, { api, date: '2026-08-18', chain, onclose: () => undefined });
  const settle = async (): Promise<void> => {
    await Promise.resolve();
    await tick();
    flushSync();
  };
  await settle();
  const rows = (): string[][] =>
    [...page.container.querySelectorAll('tbody tr')].map((row) =>
      [...row.children].map((cell) => (cell.textContent ?? '').replace(/\s+/g, ' ').trim()),
    );
  return { ...page, quality, rows, settle };
}

const report =
  (...chains: ChainQuality[]) =>
  (): Promise<QualityReport> =>
    Promise.resolve({ date: '2026-08-18', chains });

describe('the data-quality report on the screen', () => {
  it('should show all six counts under their names, for every chain', async () => {
    const { container, rows, quality } = await shown(report(own, other));
    expect(quality).toHaveBeenCalledWith('2026-08-18');
    expect(container.querySelector('h2')?.textContent).toBe('Data quality, 18 Aug');
    const heads = [...container.querySelectorAll('thead th')].map((th) => th.textContent);
    expect(heads).toEqual([
      'Chain',
      'Expected',
      'Captured',
      'Back-filled',
      'Refused',
      'Missed',
      'Unknown legs',
    ]);
    expect(rows()[0]).toEqual(['NIFTY 18 Aug', '318', '297', '11', '3', '7', '42']);
    expect(rows().at(-1)).toEqual(['BANKNIFTY 25 Aug', '100', '91', '2', '1', '6', '5']);
    expect(own.captured + own.backfilled + own.refused + own.missed).toBe(own.expected);
  });

  it('should name every gap and every refusal of the chain on the screen, with its time and its reason', async () => {
    const { container, rows } = await shown(report(own, other));
    expect(rows()).toHaveLength(3);
    const lines = [...container.querySelectorAll('.detail p')].map((p) =>
      (p.textContent ?? '').replace(/\s+/g, ' ').trim(),
    );
    expect(lines).toEqual([
      'No capture: 09:21–09:26, 14:05',
      '09:20 refused: every open interest in the answer was 0 (212 legs)',
      '10:02 refused: a stale answer: the volume ran backwards (4,310 < 4,812)',
      '13:37 refused: a stale answer: the volume ran backwards (9,001 < 9,002)',
    ]);
    expect(container.querySelector('tr.own')?.textContent).toContain('NIFTY');
  });

  it('should say nothing of gaps where there are none, and so when nothing was collected', async () => {
    const clean = { ...own, gaps: [], refusals: [] };
    expect((await shown(report(clean))).container.querySelector('.detail')).toBeNull();
    expect((await shown(report())).rows()).toEqual([['Nothing was collected on this day.']]);
  });

  it('should show 0 for what did not happen, and not leave it out', async () => {
    const none = { ...own, backfilled: 0, refused: 0, missed: 0, unknownLegs: 0, gaps: [], refusals: [] };
    expect((await shown(report(none))).rows()[0]).toEqual(['NIFTY 18 Aug', '318', '297', '0', '0', '0', '0']);
  });

  it('should say why there is no report, and try again', async () => {
    let fails = true;
    const page = await shown(() =>
      fails
        ? Promise.reject(new ApiError({ code: 'internal', message: 'The disk is full.' }, 500))
        : Promise.resolve({ date: '2026-08-18', chains: [own] }),
    );
    expect(page.container.textContent).toContain('The disk is full.');
    fails = false;
    page.container.querySelector<HTMLButtonElement>('.body button')!.click();
    await page.settle();
    expect(page.rows()[0]![0]).toBe('NIFTY 18 Aug');
  });
});
