import type { Change, DayChange, Leg, Row } from '../../server/protocol/index.js';
import type { CellFace, Faced } from '../lib/cell-face.js';
import { changeLook, ltpLook, oiLook, todayLook, type Lens, type Look } from '../lib/looks.js';

/**
 * What the cells of the table show, each of which writes itself anew only when it looks different.
 *
 * A table comes as new objects, minute by minute: were the cells derived from them, the framework would ask each of
 * some thousand whether it is stale, and that was most of what a change cost a long table.
 */
export class RowViews {
  #shown = $state.raw<readonly RowView[]>([]);
  #changed = $state.raw<readonly CellView[]>([]);
  /** The same as `shown`, to be compared with without being tracked. */
  private rows: readonly RowView[] = [];
  private windows = 0;
  /** How the rows were looked at, as text. */
  private lens = '';

  /** Rows in view by strike, ascending; the same list as long as the strikes are the same. */
  get shown(): readonly RowView[] {
    return this.#shown;
  }

  /** Cells in sight whose value the last table changed; empty where nothing is to be marked. */
  get changed(): readonly CellView[] {
    return this.#changed;
  }

  /**
   * Takes over the rows in view of a table with so many windows; to be called in an effect before they are drawn.
   * @param scale `maxOi`: the OI with the longest bar, units; `isMarked`: whether changes are marked
   */
  take(rows: readonly Row[], windows: number, lens: Lens, scale: { maxOi: number; isMarked: boolean }): void {
    const isSame =
      windows === this.windows &&
      rows.length === this.rows.length &&
      rows.every((row, i) => row.strike === this.rows[i]?.strike);
    if (!isSame) this.rows = this.fitted(rows, windows);
    const changed: CellView[] = [];
    const view = {
      maxOi: scale.maxOi,
      changed: scale.isMarked ? changed : null,
      lens,
      isNew: this.lens !== JSON.stringify(lens),
    };
    rows.forEach((row, i) => this.rows[i]?.take(row, view));
    this.lens = JSON.stringify(lens);
    this.#shown = this.rows;
    this.#changed = changed;
  }

  private fitted(rows: readonly Row[], windows: number): RowView[] {
    const kept = windows === this.windows ? this.rows : [];
    this.windows = windows;
    return rows.map(
      ({ strike }) => kept.find((row) => row.strike === strike) ?? new RowView(strike, windows),
    );
  }
}

/** How a table is looked at; `isNew`: otherwise than the one before, so that every cell may look different. */
interface View {
  readonly lens: Lens;
  readonly maxOi: number;
  /** Takes the cells to be marked; `null` where nobody sees a mark. */
  readonly changed: CellView[] | null;
  readonly isNew: boolean;
}

export class RowView {
  readonly call: LegView;
  readonly put: LegView;
  /** Whether a person may see the row. Where nobody has looked for it, it is taken to be in sight. */
  isSeen = true;

  constructor(
    readonly strike: number,
    windows: number,
  ) {
    this.call = new LegView(windows);
    this.put = new LegView(windows);
  }

  take({ call, put }: Row, view: View): void {
    const seen = this.isSeen ? view : { ...view, changed: null };
    this.call.take(call, seen);
    this.put.take(put, seen);
  }
}

/** A leg as its cells show it: all unknown where the contract is not listed. */
export class LegView {
  readonly oi = new CellView();
  readonly ltp = new CellView();
  readonly today = new CellView();
  private readonly changes: readonly CellView[];
  /** What is taken over already. */
  private taken: Leg | null = null;
  private maxOi = NaN;
  private isFirst = true;

  constructor(windows: number) {
    this.changes = Array.from({ length: windows }, () => new CellView());
  }

  /** Of the window with this place in `intervals`. @throws RangeError when there is none */
  change(window: number): CellView {
    const cell = this.changes[window];
    if (!cell) throw new RangeError(`no window ${window}`);
    return cell;
  }

  take(leg: Leg | null, view: View): void {
    const { lens, maxOi, changed } = view;
    const isAnew = view.isNew || this.isFirst;
    const before = this.taken;
    if (leg === before && maxOi === this.maxOi && !isAnew) return;
    const [oi, day] = [leg?.oi ?? null, leg?.dayChange ?? null];
    if (isAnew || maxOi !== this.maxOi || oi !== (before?.oi ?? null))
      this.oi.show(oiLook(oi, maxOi, lens), oi, changed);
    if (isAnew || !isSameDay(day, before?.dayChange ?? null))
      this.today.show(todayLook(day, lens), day?.abs ?? null, changed);
    this.takeLtp(leg, lens, isAnew);
    this.changes.forEach((cell, i) => {
      const change = leg?.changes[i] ?? null;
      if (isAnew || !looksSame(change, before?.changes[i] ?? null))
        cell.show(changeLook(change, lens.thresholds[i] ?? NaN, lens), change?.abs ?? null, changed);
    });
    this.taken = leg;
    this.maxOi = maxOi;
    this.isFirst = false;
  }

  /** A price is not marked: it moves nearly every minute. */
  private takeLtp(leg: Leg | null, lens: Lens, isAnew: boolean): void {
    const { window } = lens;
    const before = this.taken;
    const [ltp, buildUp] = [leg?.ltp ?? null, leg?.changes[window]?.buildUp ?? null];
    if (isAnew || ltp !== (before?.ltp ?? null) || buildUp !== (before?.changes[window]?.buildUp ?? null))
      this.ltp.show(ltpLook(ltp, buildUp, lens), null, null);
  }
}

const NOTHING: Look = { css: '', main: '', unit: '', sub: '', heat: undefined, bar: '' };

export class CellView implements Faced {
  private shown = NOTHING;
  private value: number | null = null;
  private face: CellFace | null = null;

  /** Where it is shown. */
  get element(): HTMLElement | null {
    return this.face?.td ?? null;
  }

  attach(face: CellFace): void {
    this.face = face;
    face.draw(this.shown);
  }

  detach(face: CellFace): void {
    if (this.face === face) this.face = null;
  }

  /**
   * @param value of the market; one that comes or goes is not a change
   * @param changed takes the cell when the value is another one
   */
  show(look: Look, value: number | null, changed: CellView[] | null): void {
    if (value !== null && this.value !== null && value !== this.value) changed?.push(this);
    this.value = value;
    this.shown = look;
    this.face?.draw(look);
  }
}

function isSameDay(a: DayChange | null, b: DayChange | null): boolean {
  return a === b || (a !== null && b !== null && a.abs === b.abs && a.pct === b.pct);
}

/** The base of a change moves on with every minute, and its cell does not show it. */
function looksSame(a: Change | null, b: Change | null): boolean {
  return (
    a === b ||
    (a !== null &&
      b !== null &&
      a.abs === b.abs &&
      a.pct === b.pct &&
      Boolean(a.backfilled) === Boolean(b.backfilled))
  );
}
