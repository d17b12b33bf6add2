import { MOVER_FLOOR_LOTS } from '../../server/protocol/index.js';
import type { Units } from '../lib/format.js';
import { MARKET_COLUMNS, type MarketKind, type MarketSide, type MarketSort } from '../lib/market-columns.js';
import { DEFAULT_THRESHOLDS, type Reach, type Thresholds } from '../lib/view.js';

export type Theme = 'auto' | 'dark' | 'light';
export type Measure = 'both' | 'pct' | 'qty';

export interface SettingsData {
  theme: Theme;
  /** Calls teal and puts coral instead of the other way round. */
  swapSides: boolean;
  measure: Measure;
  reach: Reach;
  /** Minutes: the window of the phone screen and of the build-up labels. */
  window: number;
  units: Units;
  /** Per cent by window in minutes. */
  thresholds: Thresholds;
  /** The chain looked at last, as in the address. */
  lastRoute: string;
  market: MarketSettings;
}

/** What the market page shows; its window is the one of the chain page. */
export interface MarketSettings {
  kind: MarketKind;
  side: MarketSide;
  /** Lots that a leg must have had at the base to be a mover. */
  floor: number;
  sort: MarketSort;
}

/** The part of `localStorage` that is used. */
export interface SettingsStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Also read by public/theme.js, before the first paint. */
export const STORAGE_KEY = 'oi-tracker:settings';

/** Lots; the smallest is the server's own. */
export const FLOORS: readonly number[] = [MOVER_FLOOR_LOTS, 1_000, 2_500, 5_000, 10_000];

const DEFAULTS: SettingsData = {
  theme: 'auto',
  swapSides: false,
  measure: 'both',
  reach: 3,
  window: 5,
  units: 'lakh',
  thresholds: DEFAULT_THRESHOLDS,
  lastRoute: '',
  market: { kind: 'all', side: 'both', floor: MOVER_FLOOR_LOTS, sort: { column: 'buildPct', dir: -1 } },
};
const THEMES: readonly Theme[] = ['auto', 'dark', 'light'];
const MEASURES: readonly Measure[] = ['both', 'pct', 'qty'];

/** What this screen prefers; kept in the browser. */
export class Settings {
  #data = $state.raw<SettingsData>(DEFAULTS);
  /** Why settings are not kept; `null` when they are. */
  #problem = $state<string | null>(null);

  constructor(private readonly storage: SettingsStorage) {
    this.#data = this.#load();
  }

  get data(): SettingsData {
    return this.#data;
  }

  get problem(): string | null {
    return this.#problem;
  }

  set(change: Partial<SettingsData>): void {
    this.#data = { ...this.#data, ...change };
    try {
      this.storage.setItem(STORAGE_KEY, JSON.stringify(this.#data));
      this.#problem = null;
    } catch (error) {
      this.#problem = `This browser does not keep the settings: ${words(error)}`;
    }
  }

  setThreshold(minutes: number, pct: number): void {
    if (pct > 0 && Number.isFinite(pct))
      this.set({ thresholds: { ...this.data.thresholds, [minutes]: pct } });
  }

  cycleTheme(): void {
    this.set({ theme: next(THEMES, this.data.theme) });
  }

  cycleMeasure(): void {
    this.set({ measure: next(MEASURES, this.data.measure) });
  }

  #load(): SettingsData {
    try {
      return checked(JSON.parse(this.storage.getItem(STORAGE_KEY) ?? '{}'));
    } catch (error) {
      this.#problem = `Stored settings could not be read: ${words(error)}`;
      return DEFAULTS;
    }
  }
}

/** Takes each stored value that is one of those allowed; an older or edited store never breaks the screen. */
function checked(stored: unknown): SettingsData {
  const s = record(stored);
  return {
    theme: oneOf(THEMES, s['theme'], DEFAULTS.theme),
    swapSides: s['swapSides'] === true,
    measure: oneOf(MEASURES, s['measure'], DEFAULTS.measure),
    reach: oneOf<Reach>([3, 5, 10, 'all'], s['reach'], DEFAULTS.reach),
    window: oneOf([3, 5, 10, 15, 30], s['window'], DEFAULTS.window),
    units: oneOf<Units>(['lakh', 'full'], s['units'], DEFAULTS.units),
    thresholds: checkedThresholds(s['thresholds']),
    lastRoute: typeof s['lastRoute'] === 'string' ? s['lastRoute'] : '',
    market: checkedMarket(record(s['market'])),
  };
}

function checkedMarket(s: Record<string, unknown>): MarketSettings {
  const { kind, side, floor, sort } = DEFAULTS.market;
  const { column, dir } = record(s['sort']);
  return {
    kind: oneOf<MarketKind>(['all', 'INDEX', 'EQUITY', 'COMMODITY'], s['kind'], kind),
    side: oneOf<MarketSide>(['both', 'call', 'put'], s['side'], side),
    floor: oneOf(FLOORS, s['floor'], floor),
    sort: {
      column: oneOf(MARKET_COLUMNS, column, sort.column),
      dir: oneOf<1 | -1>([1, -1], dir, sort.dir),
    },
  };
}

function record(stored: unknown): Record<string, unknown> {
  return (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
}

function checkedThresholds(stored: unknown): Thresholds {
  if (typeof stored !== 'object' || stored === null) return DEFAULT_THRESHOLDS;
  const good = Object.entries(stored).filter(([, pct]) => typeof pct === 'number' && pct > 0);
  return { ...DEFAULT_THRESHOLDS, ...(Object.fromEntries(good) as Thresholds) };
}

function oneOf<T>(allowed: readonly T[], value: unknown, otherwise: T): T {
  return allowed.find((a) => a === value) ?? otherwise;
}

function next<T>(all: readonly T[], now: T): T {
  return all[(all.indexOf(now) + 1) % all.length] ?? now;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
