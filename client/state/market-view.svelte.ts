import type { MarketBoard, MarketRow } from '../../server/protocol/index.js';
import type { MarketColumn, MarketSort } from '../lib/market-columns.js';
import {
  filterRows,
  inOrder,
  movedRows,
  nextSort,
  sortRows,
  type Lens,
  type MarketFilter,
} from '../lib/market-view.js';
import type { MarketSettings, Settings } from './settings.svelte.js';

/** Minutes; before the first board says which it has. */
const INTERVALS: readonly number[] = [3, 5, 10, 15, 30];
/** A pointer that has not moved for so long is not reading a row. */
const REST_MS = 2_000;

/**
 * The board as the page shows it. The order stands still while somebody is in the table: a push brings new figures,
 * not a new place, until the pointer rests, leaves, or a click asks for it.
 */
export class MarketView {
  #text = $state('');
  #order = $state.raw<readonly string[]>([]);
  /** Pointer in the table, and when it last moved; the focus in the table. */
  #pointerAt: number | null = null;
  #focused = false;

  constructor(
    private readonly source: () => MarketBoard | null,
    private readonly settings: Settings,
    /** This machine's clock, ms. */
    private readonly localNow: () => number,
  ) {}

  readonly board = $derived.by(() => this.source());
  readonly intervals: readonly number[] = $derived(this.board?.intervals ?? INTERVALS);
  readonly windowIndex = $derived.by(() => Math.max(0, this.intervals.indexOf(this.settings.data.window)));
  /** Minutes. */
  readonly window = $derived(this.intervals[this.windowIndex] ?? 0);
  readonly lens: Lens = $derived.by(() => {
    const { side, floor } = this.settings.data.market;
    return { window: this.windowIndex, side, floor };
  });
  readonly found: readonly MarketRow[] = $derived.by(() => filterRows(this.board?.rows ?? [], this.filter));
  readonly wanted: readonly MarketRow[] = $derived.by(() => sortRows(this.found, this.sort, this.lens));
  readonly rows: readonly MarketRow[] = $derived.by(() => inOrder(this.found, this.#order));
  /** Rows that stand elsewhere than the sort says. */
  readonly moved = $derived(movedRows(this.rows, this.wanted));

  get filter(): MarketFilter {
    return { kind: this.settings.data.market.kind, text: this.#text };
  }

  get sort(): MarketSort {
    return this.settings.data.market.sort;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.settle();
  }

  set(change: Partial<MarketSettings>): void {
    this.settings.set({ market: { ...this.settings.data.market, ...change } });
    this.settle();
  }

  setWindow(minutes: number): void {
    this.settings.set({ window: minutes });
    this.settle();
  }

  /** The window before or after; stays at the ends. */
  stepWindow(step: 1 | -1): void {
    this.setWindow(this.intervals[this.windowIndex + step] ?? this.window);
  }

  sortBy(column: MarketColumn): void {
    this.set({ sort: nextSort(this.sort, column) });
  }

  /** Puts every row where it belongs now. */
  settle(): void {
    this.#order = this.wanted.map((row) => row.key);
  }

  /** A board came. */
  pushed(): void {
    if (this.calm) this.settle();
  }

  pointerMoved(): void {
    this.#pointerAt = this.localNow();
  }

  pointerLeft(): void {
    this.#pointerAt = null;
    if (this.calm) this.settle();
  }

  focusIn(): void {
    this.#focused = true;
  }

  focusLeft(): void {
    this.#focused = false;
    if (this.calm) this.settle();
  }

  /** Nobody is in the table, or the pointer lies still. The focus counts as presence until it goes. */
  private get calm(): boolean {
    if (this.#focused) return false;
    return this.#pointerAt === null || this.localNow() - this.#pointerAt >= REST_MS;
  }
}
