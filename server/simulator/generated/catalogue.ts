/** An underlying of the demo market. Lots, steps, keys and sizes are those of August 2026. */
export interface Underlying {
  /** Stable number, part of the contracts' tokens. */
  id: number;
  symbol: string;
  name: string;
  exchange: 'NSE' | 'BSE' | 'MCX';
  type: 'INDEX' | 'EQUITY' | 'COM';
  /** Instrument key of the index or share; for MCX the commodity, which has no row of its own. */
  key: string;
  lot: number;
  /** Between strikes, rupees. */
  step: number;
  /** Strikes on either side of the money in the nearest expiry. */
  reach: number;
  /** Around which the spot moves, rupees. */
  price: number;
  /** At-the-money implied volatility, a fraction a year. */
  iv: number;
  /** Call lots of the nearest monthly expiry a week before it ends. */
  callLots: number;
  /** Put lots over call lots. */
  putRatio: number;
  freezeLots: number;
  /** Call lots of a weekly expiry on its last day; null = no weekly expiries. */
  weeklyLots: number | null;
  /** Weekday of the expiries: 2 Tuesday (NSE), 4 Thursday (BSE). */
  expiryDay: 2 | 4;
  /** Spot trading symbol and master name, where it differs from `symbol` and `name`. */
  spotName: string;
}

type Row = [string, string, string, number, number, number, number, number, number, number, number];

/* symbol, name, key, lot, step, reach, price, iv, callLots, putRatio, freezeLots */
const INDICES: Row[] = [
  ['NIFTY', 'NIFTY', 'NSE_INDEX|Nifty 50', 65, 50, 52, 24_200, 0.12, 3_200_000, 0.72, 27],
  ['BANKNIFTY', 'BANKNIFTY', 'NSE_INDEX|Nifty Bank', 30, 100, 60, 57_200, 0.135, 660_000, 0.75, 20],
  ['FINNIFTY', 'FINNIFTY', 'NSE_INDEX|Nifty Fin Service', 60, 50, 42, 26_000, 0.14, 21_000, 0.68, 30],
  ['MIDCPNIFTY', 'MIDCPNIFTY', 'NSE_INDEX|NIFTY MID SELECT', 120, 25, 56, 14_850, 0.15, 70_000, 0.9, 23],
  ['SENSEX', 'SENSEX', 'BSE_INDEX|SENSEX', 20, 100, 62, 76_900, 0.125, 900_000, 0.66, 50],
];

const STOCKS: Row[] = [
  ['RELIANCE', 'RELIANCE INDUSTRIES LTD', 'INE002A01018', 500, 10, 17, 1308, 0.22, 115_000, 0.58, 40],
  ['HDFCBANK', 'HDFC BANK LTD', 'INE040A01034', 650, 5, 18, 720, 0.21, 219_000, 0.54, 50],
  ['ICICIBANK', 'ICICI BANK LTD.', 'INE090A01021', 700, 10, 17, 1400, 0.2, 43_000, 0.6, 30],
  ['INFY', 'INFOSYS LIMITED', 'INE009A01021', 400, 10, 17, 1117, 0.27, 80_000, 0.72, 50],
  ['TCS', 'TATA CONSULTANCY SERV LT', 'INE467B01029', 225, 20, 18, 2282, 0.26, 69_000, 0.58, 40],
  ['SBIN', 'STATE BANK OF INDIA', 'INE062A01020', 750, 10, 16, 1045, 0.22, 97_000, 0.55, 30],
  ['TATASTEEL', 'TATA STEEL LIMITED', 'INE081A01020', 2750, 2.5, 13, 184, 0.27, 31_000, 0.62, 50],
  ['ITC', 'ITC LTD', 'INE154A01025', 1725, 2.5, 16, 266, 0.2, 73_000, 0.52, 50],
  ['M&M', 'MAHINDRA & MAHINDRA LTD', 'INE101A01026', 200, 50, 14, 3418, 0.25, 32_000, 0.68, 40],
  ['BAJAJ-AUTO', 'BAJAJ AUTO LIMITED', 'INE917I01010', 75, 100, 17, 11_637, 0.26, 16_500, 0.9, 30],
  ['MARUTI', 'MARUTI SUZUKI INDIA LTD.', 'INE585B01010', 50, 100, 18, 13_674, 0.23, 50_500, 0.42, 40],
  ['LT', 'LARSEN & TOUBRO LTD.', 'INE018A01030', 175, 50, 14, 4036, 0.22, 31_000, 0.63, 40],
];

const SPOT_NAMES: Record<string, string> = {
  NIFTY: 'Nifty 50',
  BANKNIFTY: 'Nifty Bank',
  FINNIFTY: 'Nifty Fin Service',
  MIDCPNIFTY: 'NIFTY MID SELECT',
  SENSEX: 'BSE SENSEX',
};
const WEEKLY_LOTS: Record<string, number> = { NIFTY: 4_800_000, SENSEX: 3_400_000 };

function underlying(row: Row, id: number, type: 'INDEX' | 'EQUITY' | 'COM'): Underlying {
  const [symbol, name, key, lot, step, reach, price, iv, callLots, putRatio, freezeLots] = row;
  const bse = key.startsWith('BSE');
  const sizes = { lot, step, reach, price, iv, callLots, putRatio, freezeLots };
  return {
    ...{ id, symbol, name, type, key: type === 'EQUITY' ? `NSE_EQ|${key}` : key },
    ...sizes,
    exchange: type === 'COM' ? 'MCX' : bse ? 'BSE' : 'NSE',
    weeklyLots: WEEKLY_LOTS[symbol] ?? null,
    expiryDay: bse ? 4 : 2,
    spotName: SPOT_NAMES[symbol] ?? name,
  };
}

/** Crude oil: MCX options settle into the future, whose key is their underlying. */
const CRUDE: Row = ['CRUDEOIL', 'CRUDE OIL', 'MCX_COM|294', 100, 50, 50, 7450, 0.34, 52_000, 0.8, 1];

export const CATALOGUE: readonly Underlying[] = [
  ...INDICES.map((r, i) => underlying(r, i + 1, 'INDEX')),
  ...STOCKS.map((r, i) => underlying(r, i + 11, 'EQUITY')),
  underlying(CRUDE, 40, 'COM'),
];
