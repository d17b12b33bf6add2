import type { Row, Table } from '../../server/protocol/index.js';
import type { Units } from '../lib/format.js';
import type { Lens } from '../lib/looks.js';
import {
  countBoard,
  largestOi,
  rowsInView,
  thresholdOf,
  type BoardCount,
  type Thresholds,
} from '../lib/view.js';
import { RowViews, type RowView } from './row-views.svelte.js';
import type { Settings } from './settings.svelte.js';

/** Minutes; before the first table says which it has. */
const INTERVALS: readonly number[] = [3, 5, 10, 15, 30];

/** What the table shows and how: the table on the screen seen through the settings. */
export class BoardView {
  /** One window at a time. */
  phone = $state(false);
  /** Nothing is to move, so that changes are not marked. */
  still = $state(false);
  /** The strike the row cursor stands on. */
  cursor = $state<number | null>(null);

  constructor(
    private readonly settings: Settings,
    /** The live table, or a past one. */
    private readonly source: () => Table | null,
  ) {}

  readonly table = $derived.by(() => this.source());
  /**
   * What all cells look at, see `follow`. Not derived: a derived marks its readers as soon as one of its sources is set,
   * and with each table thousands of cells would be asked whether they are stale.
   */
  #intervals = $state.raw(INTERVALS);
  #atmStrike = $state.raw<number | null>(null);
  readonly #views = new RowViews();
  readonly rows: readonly Row[] = $derived.by(() =>
    this.table ? rowsInView(this.table.rows, this.table.atmStrike, this.settings.data.reach) : [],
  );
  readonly count: BoardCount = $derived.by(() =>
    countBoard(this.rows, this.intervals, this.settings.data.thresholds),
  );
  /** Place of the chosen window in `intervals`; the first when the table has no such window. */
  readonly windowIndex = $derived.by(() => Math.max(0, this.intervals.indexOf(this.settings.data.window)));
  /** Places in `intervals` of the windows on the screen, shortest first. */
  readonly windows: readonly number[] = $derived(
    this.phone ? [this.windowIndex] : this.intervals.map((_, index) => index),
  );
  /** One-line rows. */
  get dense(): boolean {
    return this.settings.data.reach === 10 || this.settings.data.reach === 'all';
  }

  /** So few rows that there is room for larger type. */
  get few(): boolean {
    return this.settings.data.reach === 3;
  }

  /** Whether cells have a second line for the quantity beside the per cent. */
  get hasQuantityLine(): boolean {
    return !this.dense && this.settings.data.measure === 'both';
  }

  /** Whether cells of changes say that they are in per cent. */
  get hasUnit(): boolean {
    return !this.dense && this.settings.data.measure !== 'qty';
  }

  /** Whether the heads of their columns say it instead: one-line rows have no room. */
  get isUnitInHead(): boolean {
    return this.dense && this.settings.data.measure !== 'qty';
  }

  private get lens(): Lens {
    return {
      units: this.settings.data.units,
      measure: this.settings.data.measure,
      dense: this.dense,
      thresholds: this.#intervals.map((minutes) => thresholdOf(minutes, this.settings.data.thresholds)),
      window: this.windowIndex,
    };
  }

  /** Takes over what all cells look at from the table; to be called in an effect before they are drawn. */
  follow(): void {
    this.#intervals = this.table?.intervals ?? INTERVALS;
    this.#atmStrike = this.table?.atmStrike ?? null;
    this.#views.take(this.rows, this.#intervals.length, this.lens, {
      maxOi: largestOi(this.rows),
      isMarked: !this.still,
    });
  }

  /** The rows in view as their cells see them. */
  get views(): readonly RowView[] {
    return this.#views.shown;
  }

  /** Where the last table changed a value that is in sight. */
  get changed(): readonly HTMLElement[] {
    return this.#views.changed.flatMap(({ element }) => element ?? []);
  }

  get intervals(): readonly number[] {
    return this.#intervals;
  }

  get atmStrike(): number | null {
    return this.#atmStrike;
  }

  get units(): Units {
    return this.settings.data.units;
  }

  get thresholds(): Thresholds {
    return this.settings.data.thresholds;
  }

  /** Moves the row cursor; it starts at ATM, or in the middle where there is none. */
  moveCursor(step: number): void {
    const { rows } = this;
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.strike === this.cursor);
    this.cursor = at < 0 ? this.startStrike : (rows[clamp(at + step, rows.length)]?.strike ?? null);
  }

  private get startStrike(): number | null {
    return this.table?.atmStrike ?? this.rows[Math.floor(this.rows.length / 2)]?.strike ?? null;
  }
}

function clamp(index: number, length: number): number {
  return Math.min(length - 1, Math.max(0, index));
}
