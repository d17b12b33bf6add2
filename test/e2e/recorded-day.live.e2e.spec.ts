import { jest } from '@jest/globals';
import type { QualityReport, Table } from '../../server/protocol/index.js';
import { cleanUp, startDemo, tempFolder, type House } from '../support/harness.js';
import { closeSockets, Visitor } from '../support/harness-client.js';
import { Watcher } from '../support/harness-watch.js';
import { describeWithData } from '../support/shared-data.js';
import {
  answerAt,
  asOf,
  clock,
  compareTable,
  MINUTE,
  readDay,
  recordedMinutes,
  truthOf,
  type ChainAnswers,
  type ChainTruth,
} from '../support/truth/index.js';

/** Real programs on a busy machine: what a test waits for has deadlines of its own. */
jest.setTimeout(300_000);

const DATE = '2026-08-18';
const ist = (time: string): number => Date.parse(`${DATE}T${time}:00+05:30`);

/** What one screen that watched all expiries for a while, and HTTP afterwards, showed. */
interface Replay {
  watchers: Watcher[];
  /** Over HTTP, every captured slot of the day so far, by expiry. */
  captured: Map<string, Table[]>;
  quality: QualityReport;
}

describeWithData(
  'a recorded day, replayed live',
  {
    instruments: 'instruments/upstox-complete-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) => {
    const folder = tempFolder();
    let chains: ChainAnswers[];
    let starts = 0;

    beforeAll(() => {
      chains = readDay(files.day, files.prevOi);
      expect(chains.map(({ expiry }) => expiry)).toEqual([
        '2026-08-18',
        '2026-08-25',
        '2026-09-01',
        '2026-09-08',
      ]);
    });
    afterEach(() => closeSockets());
    afterAll(() => cleanUp());

    /** Every captured slot between two moments, as HTTP answers `?at=`. Slots rebuilt from candles are no captures. */
    async function capturedSlots(
      visitor: Visitor,
      key: string,
      expiry: string,
      to: number,
    ): Promise<Table[]> {
      const tables = new Map<number, Table>();
      for (let at = ist('10:43'); at <= to; at += MINUTE) {
        const table = await visitor.find<Table>(visitor.tablePath(key, expiry, at));
        if (table?.source === 'live') tables.set(table.slot, table);
      }
      return [...tables.values()];
    }

    async function replay(
      start: string,
      rate: number,
      until: (watchers: Watcher[]) => Promise<void>,
    ): Promise<Replay> {
      starts++;
      const options = ['--instruments', files.instruments, '--day', files.day, '--prev-oi', files.prevOi];
      const house: House = await startDemo([...options, '--start', start, '--rate', String(rate)], folder);
      const visitor = await Visitor.enter(house.url);
      const key = (await visitor.whenInstrumentsAreReady('NIFTY')).get('NIFTY') ?? '';
      const socket = await visitor.socket();
      const watchers = await Promise.all(
        chains.map(({ expiry }) => Watcher.open(socket, { underlying: key, expiry })),
      );
      await until(watchers);
      socket.close();
      const captured = new Map<string, Table[]>();
      for (const { chain, table } of watchers) {
        const tables = await capturedSlots(visitor, key, chain.expiry, table?.slot ?? 0);
        captured.set(chain.expiry, tables);
      }
      const quality = await visitor.get<QualityReport>(`/api/quality?date=${DATE}`);
      expect(await house.program.stop()).toBe(0);
      return { watchers, captured, quality };
    }

    const refusalsOf = (quality: QualityReport, expiry: string) =>
      quality.chains.find((chain) => chain.expiry === expiry && chain.symbol === 'NIFTY')?.refusals ?? [];

    /** Volume over all legs: two minutes of a liquid chain never have the same. */
    const volume = (table: Table): number =>
      table.rows.reduce((sum, { call, put }) => sum + (call?.volume ?? 0) + (put?.volume ?? 0), 0);
    const recordedVolume = (chain: ChainAnswers, at: number): number | undefined => {
      const legs = [...(answerAt(chain, at)?.strikes.values() ?? [])].flatMap(({ call, put }) => [call, put]);
      return legs.reduce((sum, leg) => sum + (leg?.volume ?? 0), 0);
    };

    /**
     * An answer that was asked for in the last second of a minute arrives in the next one, which is its slot, and tells of
     * the minute before. At sixty times the pace a whole minute is one second, so the very first capture may do that.
     */
    const crossed = (chain: ChainAnswers, table: Table): boolean =>
      volume(table) !== recordedVolume(chain, table.capturedAt) &&
      volume(table) === recordedVolume(chain, table.slot - 1);

    /** The truth for the moments at which the server asked: those it captured, and those it says it refused. */
    function truthFor(chain: ChainAnswers, { captured, quality }: Replay): ChainTruth {
      const tables = captured.get(chain.expiry) ?? [];
      const upTo = tables.at(-1)?.slot ?? 0;
      const accepted = tables.map((table) => ({
        receivedAt: table.capturedAt,
        tellsOf: crossed(chain, table) ? table.slot - 1 : table.capturedAt,
      }));
      const refused = refusalsOf(quality, chain.expiry)
        .filter(({ slot }) => slot <= upTo)
        .map(({ slot }) => ({ receivedAt: slot, tellsOf: slot }));
      return truthOf(
        asOf(
          chain,
          [...accepted, ...refused].sort((a, b) => a.receivedAt - b.receivedAt),
        ),
      );
    }

    function differences(chain: ChainAnswers, shown: Replay): string[] {
      const truth = truthFor(chain, shown);
      const captured = new Set(truth.slots);
      const options = { backfill: recordedMinutes(chain), captured };
      const watcher = shown.watchers.find((one) => one.chain.expiry === chain.expiry);
      const tables = [...(watcher?.tables ?? []), ...(shown.captured.get(chain.expiry) ?? [])];
      return tables
        .filter(({ source }) => source === 'live')
        .flatMap((table) =>
          captured.has(table.slot)
            ? compareTable(truth.at(table.slot), table, options)
            : [`${chain.expiry} ${clock(table.slot)}: captured, although the answer was suspect`],
        );
    }

    /** Everything that must hold for every replay, whenever it starts. */
    function expectTruth(shown: Replay): void {
      for (const chain of chains) {
        const truth = truthFor(chain, shown);
        const upTo = truth.slots.at(-1) ?? 0;
        const refused = refusalsOf(shown.quality, chain.expiry)
          .filter(({ slot }) => slot <= upTo)
          .map(({ slot, reason }) => `${clock(slot)} ${reason}`);
        expect(truth.refusals.map(({ slot, reason }) => `${clock(slot)} ${reason}`)).toEqual(refused);
        expect(shown.captured.get(chain.expiry)?.map(({ slot }) => clock(slot))).toEqual(
          truth.slots.map(clock),
        );
        expect(differences(chain, shown).slice(0, 20)).toEqual([]);
        const late = (shown.captured.get(chain.expiry) ?? []).filter((table) => crossed(chain, table));
        expect(late.length).toBeLessThanOrEqual(starts);
      }
      for (const { chain, tables, gaps } of shown.watchers) {
        expect(gaps).toBe(0);
        const slots = new Set(tables.filter(({ source }) => source === 'live').map(({ slot }) => slot));
        const [first, last] = [Math.min(...slots), Math.max(...slots)];
        const refused = refusalsOf(shown.quality, chain.expiry).filter(
          ({ slot }) => slot > first && slot < last,
        );
        const minutes = (last - first) / MINUTE + 1;
        // A minute is a second here; a busy machine may miss one now and then, and the rules cover the gap.
        expect(slots.size + refused.length).toBeGreaterThanOrEqual(0.9 * minutes);
        expect(minutes).toBeGreaterThan(10);
      }
    }

    const refusedAt = (shown: Replay, expiry: string, from: string): string[] =>
      refusalsOf(shown.quality, expiry)
        .filter(({ slot }) => slot >= ist(from))
        .map(({ slot }) => clock(slot));

    const reached = (time: string) => async (watchers: Watcher[]) => {
      for (const watcher of watchers)
        await watcher.when(`the table of ${time}`, ({ slot }) => slot >= ist(time), 120_000);
    };

    it('should show thirty minutes of true tables on four expiries at sixty times the pace', async () => {
      const shown = await replay('11:00', 60, async (watchers) => {
        for (const watcher of watchers) await watcher.slots(31, 120_000);
      });
      expectTruth(shown);
      const cells = shown.watchers.flatMap(({ tables }) =>
        tables.flatMap(({ rows }) =>
          rows.flatMap(({ call, put }) => [...(call?.changes ?? []), ...(put?.changes ?? [])]),
        ),
      );
      expect(cells.some((cell) => cell?.backfilled)).toBe(true);
      expect(cells.some((cell) => cell !== null && !cell.backfilled)).toBe(true);
    });

    it('should refuse the stale answers around noon and go on from the last true one', async () => {
      const shown = await replay('11:48', 60, reached('12:06'));
      expectTruth(shown);
      expect(refusedAt(shown, '2026-09-01', '11:55')).toEqual(['11:59', '12:01']);
      expect(refusedAt(shown, '2026-09-08', '11:55')).toEqual(['12:01', '12:02']);
      expect(refusedAt(shown, '2026-08-18', '11:55')).toEqual([]);
    });

    it('should refuse the stale answers of two in the afternoon', async () => {
      const shown = await replay('13:48', 60, reached('14:07'));
      expectTruth(shown);
      expect(refusedAt(shown, '2026-08-25', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-09-01', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-09-08', '13:55')).toEqual(['14:00']);
      expect(refusedAt(shown, '2026-08-18', '13:55')).toEqual(['14:02']);
    });

    it('should refuse the stale answers before the close', async () => {
      const shown = await replay('15:02', 60, reached('15:29'));
      expectTruth(shown);
      expect(refusedAt(shown, '2026-09-01', '15:10')).toEqual(['15:15']);
      expect(refusedAt(shown, '2026-08-25', '15:10')).toEqual(['15:21']);
      expect(refusedAt(shown, '2026-08-18', '15:10')).toEqual(['15:24']);
    });
  },
);
