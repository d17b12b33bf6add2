import type { QualityReport, Table } from '../../server/protocol/index.js';
import { Visitor } from './harness-client.js';
import { Watcher } from './harness-watch.js';
import { startDemo, tempFolder } from './harness.js';
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
} from './truth/index.js';

export interface RecordedFiles {
  instruments: string;
  day: string;
  prevOi?: string;
}

/** What one screen that watched all chains of a day for a while, and HTTP afterwards, showed. */
export interface Shown {
  watchers: Watcher[];
  /** Over HTTP, every captured slot of the day so far, by chain. */
  captured: Map<string, Table[]>;
  quality: QualityReport;
}

const nameOf = ({ underlying, expiry }: { underlying: string; expiry: string }): string =>
  `${underlying} ${expiry}`;

/** A recorded day that the demo replays live, piece by piece on one database, held to what follows from its file. */
export class LiveReplay {
  readonly chains: ChainAnswers[];
  private readonly folder = tempFolder();
  private starts = 0;

  constructor(
    private readonly date: string,
    private readonly files: RecordedFiles,
  ) {
    this.chains = readDay(files.day, files.prevOi);
  }

  /** Epoch ms of an IST time of the day. */
  ist(time: string): number {
    return Date.parse(`${this.date}T${time}:00+05:30`);
  }

  /** Runs the demo from an IST time on, at so many times the pace, until the watchers of all chains have seen enough. */
  async run(start: string, rate: number, until: (watchers: Watcher[]) => Promise<void>): Promise<Shown> {
    this.starts++;
    const { instruments, day, prevOi } = this.files;
    const options = ['--instruments', instruments, '--day', day, ...(prevOi ? ['--prev-oi', prevOi] : [])];
    const house = await startDemo([...options, '--start', start, '--rate', String(rate)], this.folder);
    const visitor = await Visitor.enter(house.url);
    const keys = await visitor.whenInstrumentsAreReady(this.chains[0]!.underlying);
    const keyOf = (chain: ChainAnswers): string => keys.get(chain.underlying) ?? '';
    const socket = await visitor.socket();
    const watchers = await Promise.all(
      this.chains.map((chain) => Watcher.open(socket, { underlying: keyOf(chain), expiry: chain.expiry })),
    );
    await until(watchers);
    socket.close();
    const captured = new Map<string, Table[]>();
    for (const [i, chain] of this.chains.entries()) {
      const path = (at: number): string => visitor.tablePath(keyOf(chain), chain.expiry, at);
      captured.set(nameOf(chain), await this.capturedSlots(visitor, path, watchers[i]!.table?.slot ?? 0));
    }
    const quality = await visitor.get<QualityReport>(`/api/quality?date=${this.date}`);
    expect(await house.program.stop()).toBe(0);
    return { watchers, captured, quality };
  }

  /** Every captured slot up to a moment, as HTTP answers `?at=`. Slots rebuilt from candles are no captures. */
  private async capturedSlots(visitor: Visitor, path: (at: number) => string, to: number): Promise<Table[]> {
    const tables: Table[] = [];
    // Backwards from table to table: a slot without one is not asked for.
    for (let at = to; at >= this.ist('09:15');) {
      const table = await visitor.find<Table>(path(at));
      if (!table) break;
      if (table.source === 'live') tables.unshift(table);
      at = table.slot - MINUTE;
    }
    return tables;
  }

  refusalsOf({ quality }: Shown, chain: Pick<ChainAnswers, 'underlying' | 'expiry'>) {
    const { underlying, expiry } = chain;
    return quality.chains.find((one) => one.expiry === expiry && one.symbol === underlying)?.refusals ?? [];
  }

  /** Everything that must hold for every replay, whenever it starts. */
  expectTruth(shown: Shown, leastMinutes = 10): void {
    for (const chain of this.chains) this.expectChain(chain, shown);
    for (const [i, { tables, gaps }] of shown.watchers.entries()) {
      expect(gaps).toBe(0);
      const slots = new Set(tables.filter(({ source }) => source === 'live').map(({ slot }) => slot));
      const [first, last] = [Math.min(...slots), Math.max(...slots)];
      const refused = this.refusalsOf(shown, this.chains[i]!).filter(
        ({ slot }) => slot > first && slot < last,
      );
      const minutes = (last - first) / MINUTE + 1;
      // A minute is a second or less here; a busy machine may miss one now and then, and the rules cover the gap.
      expect(slots.size + refused.length).toBeGreaterThanOrEqual(0.9 * minutes);
      expect(minutes).toBeGreaterThan(leastMinutes);
    }
  }

  private expectChain(chain: ChainAnswers, shown: Shown): void {
    const truth = this.truthFor(chain, shown);
    const captured = shown.captured.get(nameOf(chain)) ?? [];
    const upTo = truth.slots.at(-1) ?? 0;
    const refused = this.refusalsOf(shown, chain)
      .filter(({ slot }) => slot <= upTo)
      .map(({ slot, reason }) => `${clock(slot)} ${reason}`);
    expect(truth.refusals.map(({ slot, reason }) => `${clock(slot)} ${reason}`)).toEqual(refused);
    expect(captured.map(({ slot }) => clock(slot))).toEqual(truth.slots.map(clock));
    expect(this.differences(chain, truth, shown).slice(0, 20)).toEqual([]);
    expect(captured.filter((table) => crossed(chain, table)).length).toBeLessThanOrEqual(this.starts);
  }

  /** The truth for the moments at which the server asked: those it captured, and those it says it refused. */
  private truthFor(chain: ChainAnswers, shown: Shown): ChainTruth {
    const tables = shown.captured.get(nameOf(chain)) ?? [];
    const upTo = tables.at(-1)?.slot ?? 0;
    const accepted = tables.map((table) => ({
      receivedAt: table.capturedAt,
      tellsOf: crossed(chain, table) ? table.slot - 1 : table.capturedAt,
    }));
    const refused = this.refusalsOf(shown, chain)
      .filter(({ slot }) => slot <= upTo)
      .map(({ slot }) => ({ receivedAt: slot, tellsOf: slot }));
    const asked = [...accepted, ...refused].sort((a, b) => a.receivedAt - b.receivedAt);
    return truthOf(asOf(chain, asked));
  }

  private differences(chain: ChainAnswers, truth: ChainTruth, shown: Shown): string[] {
    const captured = new Set(truth.slots);
    const options = { backfill: recordedMinutes(chain), captured };
    const watcher = shown.watchers[this.chains.indexOf(chain)];
    const tables = [...(watcher?.tables ?? []), ...(shown.captured.get(nameOf(chain)) ?? [])];
    return tables
      .filter(({ source }) => source === 'live')
      .flatMap((table) =>
        captured.has(table.slot)
          ? compareTable(truth.at(table.slot), table, options)
          : [`${nameOf(chain)} ${clock(table.slot)}: captured, although the answer was suspect`],
      );
  }
}

/** Volume over all legs: two answers of a liquid chain never have the same. */
const volume = (table: Table): number =>
  table.rows.reduce((sum, { call, put }) => sum + (call?.volume ?? 0) + (put?.volume ?? 0), 0);

function recordedVolume(chain: ChainAnswers, at: number): number {
  const legs = [...(answerAt(chain, at)?.strikes.values() ?? [])].flatMap(({ call, put }) => [call, put]);
  return legs.reduce((sum, leg) => sum + (leg?.volume ?? 0), 0);
}

/**
 * An answer that was asked for in the last second of a minute arrives in the next one, which is its slot, and tells of
 * the minute before. At sixty times the pace a whole minute is one second, so the very first capture may do that.
 */
const crossed = (chain: ChainAnswers, table: Table): boolean =>
  volume(table) !== recordedVolume(chain, table.capturedAt) &&
  volume(table) === recordedVolume(chain, table.slot - 1);
