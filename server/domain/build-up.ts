import type { BuildUp } from './delta-table.js';

/** Dead band: moves smaller than this, in per cent of the base, are noise. */
export const PRICE_DEAD_BAND_PCT = 0.25;
export const OI_DEAD_BAND_PCT = 0.3;

/**
 * Build-up of one contract over a window, from its own premium and OI (Fyers and IIFL knowledge bases): price
 * ↑ OI ↑ long build-up, price ↓ OI ↑ short build-up, price ↑ OI ↓ short covering, price ↓ OI ↓ long
 * unwinding. `flat` when either move lies within its dead band. OI that appears where there was none is
 * beyond the band.
 *
 * @param oi units, now; `baseOi` units, where the window starts.
 * @param ltp rupees, now; `baseLtp` rupees, where the window starts. `null`, or 0, which is no price:
 * unknown.
 * @returns `null` when a price is unknown.
 */
export function buildUp(
  oi: number,
  baseOi: number,
  ltp: number | null,
  baseLtp: number | null,
): BuildUp | null {
  if (!isPrice(ltp) || !isPrice(baseLtp)) return null;
  const price = direction(ltp, baseLtp, PRICE_DEAD_BAND_PCT);
  const interest = direction(oi, baseOi, OI_DEAD_BAND_PCT);
  if (price === 0 || interest === 0) return 'flat';
  if (interest > 0) return price > 0 ? 'LB' : 'SB';
  return price > 0 ? 'SC' : 'LU';
}

function isPrice(ltp: number | null): ltp is number {
  return ltp !== null && ltp > 0;
}

/** 1 up, −1 down, 0 within the band. */
function direction(now: number, base: number, bandPct: number): number {
  if (now === base || Math.abs((100 * (now - base)) / base) < bandPct) return 0;
  return now > base ? 1 : -1;
}
