import type { Change, DayChange, Leg, Row } from '../../server/protocol/index.js';

/**
 * What the cells of the table show, each value a signal of its own that is set only when it is another one.
 *
 * A table comes as new objects, minute by minute: were the cells derived from them, the framework would ask each of
 * some thousand whether it is stale, and that was most of what a change cost a long table.
 */
export class RowViews {
  #shown = $state.raw<readonly RowView[]>([]);
  /** The same as `shown`, to be compared with without being tracked. */
  private rows: readonly RowView[] = [];
  private windows = 0;

  /** Rows in view by strike, ascending; the same list as long as the strikes are the same. */
  get shown(): readonly RowView[] {
    return this.#shown;
  }

  /** Takes over the rows in view of a table with so many windows; to be called in an effect before they are drawn. */
  take(rows: readonly Row[], windows: number): void {
    const isSame =
      windows === this.windows &&
      rows.length === this.rows.length &&
      rows.every((row, i) => row.strike === this.rows[i]?.strike);
    if (!isSame) this.rows = this.fitted(rows, windows);
    rows.forEach((row, i) => this.rows[i]?.take(row));
    this.#shown = this.rows;
  }

  private fitted(rows: readonly Row[], windows: number): RowView[] {
    const kept = windows === this.windows ? this.rows : [];
    this.windows = windows;
    return rows.map(
      ({ strike }) => kept.find((row) => row.strike === strike) ?? new RowView(strike, windows),
    );
  }
}

export class RowView {
  readonly call: LegView;
  readonly put: LegView;

  constructor(
    readonly strike: number,
    windows: number,
  ) {
    this.call = new LegView(windows);
    this.put = new LegView(windows);
  }

  take({ call, put }: Row): void {
    this.call.take(call);
    this.put.take(put);
  }
}

/** A leg as its cells see it: all unknown where the contract is not listed. */
export class LegView {
  #oi = $state.raw<number | null>(null);
  #ltp = $state.raw<number | null>(null);
  readonly #day = new Signal<DayChange>((a, b) => a.abs === b.abs && a.pct === b.pct);
  readonly #changes: readonly Signal<Change>[];
  /** What is taken over already. */
  private taken: Leg | null = null;

  constructor(windows: number) {
    this.#changes = Array.from({ length: windows }, () => new Signal<Change>(looksSame));
  }

  /** Units; `null` when unknown. */
  get oi(): number | null {
    return this.#oi;
  }

  /** Rupees; `null` when unknown. */
  get ltp(): number | null {
    return this.#ltp;
  }

  /** Since the day before; `null` when unknown. */
  get day(): DayChange | null {
    return this.#day.value;
  }

  /** In the window with this place in `intervals`; `null` when unknown. Of which base, only the table knows. */
  change(window: number): Change | null {
    return this.#changes[window]?.value ?? null;
  }

  take(leg: Leg | null): void {
    if (leg === this.taken) return;
    this.taken = leg;
    this.#oi = leg?.oi ?? null;
    this.#ltp = leg?.ltp ?? null;
    this.#day.take(leg?.dayChange ?? null);
    this.#changes.forEach((change, i) => change.take(leg?.changes[i] ?? null));
  }
}

/** A value that is one with any other that looks the same. */
class Signal<T> {
  #value = $state.raw<T | null>(null);
  private taken: T | null = null;

  constructor(private readonly isSame: (a: T, b: T) => boolean) {}

  get value(): T | null {
    return this.#value;
  }

  take(next: T | null): void {
    const { taken } = this;
    if (next === taken || (next !== null && taken !== null && this.isSame(next, taken))) return;
    this.taken = next;
    this.#value = next;
  }
}

/** The base of a change moves on with every minute, and its cell does not show it. */
function looksSame(a: Change, b: Change): boolean {
  return (
    a.abs === b.abs &&
    a.pct === b.pct &&
    a.buildUp === b.buildUp &&
    Boolean(a.backfilled) === Boolean(b.backfilled)
  );
}
