import { jest } from '@jest/globals';
import { join } from 'node:path';
import type { Table } from '../../server/protocol/index.js';
import { cleanUp, runCli, settings, tempFolder } from '../support/harness.js';
import { closeSockets } from '../support/harness-client.js';
import type { Watcher } from '../support/harness-watch.js';
import { LiveReplay, type Shown } from '../support/live-replay.js';
import { describeWithData } from '../support/shared-data.js';
import { clock, readDay } from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

afterEach(() => closeSockets());

const reached = (time: number) => async (watchers: Watcher[]) => {
  for (const watcher of watchers)
    await watcher.when(`the table of ${clock(time)}`, ({ slot }) => slot >= time, 120_000);
};

const cellsOf = (tables: readonly Table[]) =>
  tables.flatMap(({ rows }) =>
    rows.flatMap(({ call, put }) => [...(call?.changes ?? []), ...(put?.changes ?? [])]),
  );

describeWithData(
  'a recorded day, replayed live',
  {
    instruments: 'instruments/upstox-complete-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) => {
    let replay: LiveReplay;

    beforeAll(() => {
      replay = new LiveReplay('2026-08-18', files);
      expect(replay.chains.map(({ expiry }) => expiry)).toEqual([
        '2026-08-18',
        '2026-08-25',
        '2026-09-01',
        '2026-09-08',
      ]);
    });
    afterAll(() => cleanUp());

    const refusedAt = (shown: Shown, expiry: string, from: string): string[] =>
      replay
        .refusalsOf(shown, { underlying: 'NIFTY', expiry })
        .filter(({ slot }) => slot >= replay.ist(from))
        .map(({ slot }) => clock(slot));

    it('should show thirty minutes of true tables on four expiries at sixty times the pace', async () => {
      const shown = await replay.run('11:00', 60, async (watchers) => {
        for (const watcher of watchers) await watcher.slots(31, 120_000);
      });
      replay.expectTruth(shown);
      const cells = shown.watchers.flatMap(({ tables }) => cellsOf(tables));
      expect(cells.some((cell) => cell?.backfilled)).toBe(true);
      expect(cells.some((cell) => cell !== null && !cell.backfilled)).toBe(true);
    });

    it('should refuse the stale answers around noon and go on from the last true one', async () => {
      const shown = await replay.run('11:48', 60, reached(replay.ist('12:06')));
      replay.expectTruth(shown);
      expect(refusedAt(shown, '2026-09-01', '11:55')).toEqual(['11:59', '12:01']);
      expect(refusedAt(shown, '2026-09-08', '11:55')).toEqual(['12:01', '12:02']);
      expect(refusedAt(shown, '2026-08-18', '11:55')).toEqual([]);
    });

    it('should refuse the stale answers of two in the afternoon', async () => {
      const shown = await replay.run('13:48', 60, reached(replay.ist('14:07')));
      replay.expectTruth(shown);
      expect(refusedAt(shown, '2026-08-25', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-09-01', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-09-08', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-08-18', '13:55')).toEqual(['14:02']);
    });

    it('should refuse the stale answers before the close', async () => {
      const shown = await replay.run('15:02', 60, reached(replay.ist('15:29')));
      replay.expectTruth(shown);
      expect(refusedAt(shown, '2026-09-01', '15:10')).toEqual(['15:15']);
      expect(refusedAt(shown, '2026-08-25', '15:10')).toEqual(['15:21']);
      expect(refusedAt(shown, '2026-08-18', '15:10')).toEqual(['15:24']);
    });
  },
);

describeWithData(
  'a recorded day of three indices, one without a spot, replayed live',
  {
    instruments: 'instruments/reconstructed-nse-fo-2026-01-30.json.gz',
    day: 'days/indices-2026-01-30-5min.csv.gz',
    prevOi: 'baseline/prev-oi-2026-01-30.csv.gz',
  },
  (files) => {
    afterAll(() => cleanUp());

    it('should show true tables of all three, and no ATM where the spot is not known', async () => {
      const replay = new LiveReplay('2026-01-30', files);
      const symbols = replay.chains.map(({ underlying }) => underlying);
      expect([...symbols].sort()).toEqual(['BANKNIFTY', 'MIDCPNIFTY', 'NIFTY']);
      const shown = await replay.run('10:30', 60, async (watchers) => {
        for (const watcher of watchers) await watcher.slots(36, 180_000);
      });
      replay.expectTruth(shown, 30);
      for (const [i, { tables }] of shown.watchers.entries()) {
        const isKnown = symbols[i] !== 'MIDCPNIFTY';
        for (const { source, spot, atmStrike } of tables.filter((one) => one.source === 'live'))
          expect([source, spot !== null, atmStrike !== null]).toEqual(['live', isKnown, isKnown]);
        expect(cellsOf(tables).some((cell) => cell !== null && !cell.backfilled)).toBe(true);
      }
    });
  },
);

describeWithData(
  'a recorded day with gaps of three to thirty minutes, replayed live',
  {
    instruments: 'instruments/upstox-subset-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-20-irregular.csv.gz',
  },
  (files) => {
    afterAll(() => cleanUp());

    it('should be shown minute by minute as it was answered, from its own export too', async () => {
      const folder = tempFolder();
      const out = join(folder, 'exported.csv.gz');
      for (const args of [
        ['contracts', 'import', '--file', files.instruments],
        ['days', 'import', files.day],
        ['days', 'export', '--underlying', 'NIFTY', '--date', '2026-08-20', '--out', out],
      ])
        expect(await runCli(args, settings(folder))).toMatchObject({ code: 0 });
      const replay = new LiveReplay('2026-08-20', { ...files, day: out });
      expect(replay.chains).toEqual(readDay(files.day));
      const first = replay.chains[0]!.answers[0]!.at;
      const shown = await replay.run(clock(first + 60_000), 60, async (watchers) => {
        for (const watcher of watchers) await watcher.slots(36, 180_000);
      });
      replay.expectTruth(shown, 30);
    });
  },
);
