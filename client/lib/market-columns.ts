/** Names that the market page, its settings and its keys share. Apart from what computes: the settings load first. */
import type { MarketRow } from '../../server/protocol/index.js';

export type MarketKind = 'all' | MarketRow['kind'];
export type MarketSide = 'both' | 'call' | 'put';

export const MARKET_COLUMNS = [
  'symbol',
  'expiry',
  'spot',
  'callOi',
  'putOi',
  'pcr',
  'pcrChange',
  'callAdd',
  'callAddPct',
  'putAdd',
  'putAddPct',
  'buildPct',
  'buildAbs',
  'unwindPct',
  'unwindAbs',
  'age',
] as const;
export type MarketColumn = (typeof MARKET_COLUMNS)[number];

export interface MarketSort {
  column: MarketColumn;
  /** 1 = smallest first. */
  dir: 1 | -1;
}
