import type { Change, DayChange } from '../../server/protocol/index.js';
import { price, quantity, signedPercent, signedQuantity, UNKNOWN, type Units } from './format.js';
import { barLength, heatStep } from './view.js';

/** How cells are looked at: everything but the table itself that decides what they show. */
export interface Lens {
  readonly units: Units;
  readonly measure: 'both' | 'pct' | 'qty';
  /** One-line rows. */
  readonly dense: boolean;
  /** Per cent, by place of the window. */
  readonly thresholds: readonly number[];
  /** Place of the window that the build-up labels are about. */
  readonly window: number;
}

/** What a cell shows, as text and as the names that the style sheet knows. */
export interface Look {
  /** Class of the cell. */
  readonly css: string;
  readonly main: string;
  /** Stands small behind `main`; in one-line rows the head of the column says it. */
  readonly unit: '%' | '';
  /** Second line; empty where rows have one. */
  readonly sub: string;
  /** See `heatStep`; none where nothing is tinted. */
  readonly heat: number | undefined;
  /** Length of the OI bar as a CSS transform, which concerns no layout; only of OI cells. */
  readonly bar: string;
}

/** Of a window, with its threshold in per cent. `null`, the unknown, is never shown as 0. */
export function changeLook(change: Change | null, threshold: number, lens: Lens): Look {
  if (change === null) return plain('change unknown', UNKNOWN);
  const inUnits = signedQuantity(change.abs, lens.units);
  const byQuantity = lens.measure === 'qty';
  return {
    css: `change${change.backfilled ? ' backfilled' : ''}${byQuantity ? ' quantity' : ''}`,
    main: byQuantity ? inUnits : change.pct === null ? 'new' : signedPercent(change.pct),
    unit: byQuantity || lens.dense || change.pct === null ? '' : '%',
    sub: lens.measure === 'both' && !lens.dense ? inUnits : '',
    heat: heatStep(change.pct, threshold) || undefined,
    bar: '',
  };
}

export function todayLook(day: DayChange | null, { units, dense }: Lens): Look {
  if (day === null) return plain('today unknown', UNKNOWN);
  const sub = day.pct === null ? 'new' : `${signedPercent(day.pct)} %`;
  return plain('today', signedQuantity(day.abs, units), dense ? '' : sub);
}

/** @param maxOi the OI whose bar is as long as the cell, units */
export function oiLook(oi: number | null, maxOi: number, { units }: Lens): Look {
  if (oi === null) return plain('oi unknown', UNKNOWN);
  return { ...plain('oi', quantity(oi, units)), bar: `scaleX(${barLength(oi, maxOi) / 100})` };
}

export function ltpLook(ltp: number | null, buildUp: Change['buildUp'], { dense }: Lens): Look {
  const tag = dense || buildUp === null || buildUp === 'flat' ? '' : buildUp;
  return ltp === null ? plain('ltp unknown', UNKNOWN, tag) : plain('ltp', price(ltp), tag);
}

function plain(css: string, main: string, sub = ''): Look {
  return { css, main, unit: '', sub, heat: undefined, bar: '' };
}
