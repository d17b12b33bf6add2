import { chainKey, type ChainId } from '../../server/domain/contract.js';
import { istAt } from '../../server/domain/slot.js';
import type { ChainQuote, LegQuote, StrikeQuote } from '../../server/domain/snapshot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../../server/domain/units.js';
import type { BrokerCandle } from '../../server/upstox/broker.js';

/** A small market that any test can compute: the same chain and slot always give the same answer. */

/** First strike of every chain of the market, and the step to the next, rupees. */
export const FIRST_STRIKE = 24_000;
export const STRIKE_STEP = 50;
export const STRIKES = 6;

const LOT = 65;
const OPENING: EpochMs = istAt('2026-08-18', '09:15');

/** What the broker answers for a chain in a slot: OI and prices wander, volume only rises, one leg has no OI. */
export function marketQuote(chain: ChainId, slot: Slot, strikes = STRIKES): ChainQuote {
  const minute = (slot - OPENING) / MINUTE_MS;
  return {
    spot: FIRST_STRIKE + 120 + ((minute * 7) % 90),
    strikes: Array.from({ length: strikes }, (_, row): StrikeQuote => {
      const leg = (side: number): LegQuote => marketLeg(chain, row, side, minute);
      return { strike: FIRST_STRIKE + row * STRIKE_STEP, call: leg(0), put: leg(1) };
    }),
  };
}

function marketLeg(chain: ChainId, row: number, side: number, minute: number): LegQuote {
  const seed = [...chainKey(chain)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7);
  const wave = (seed + row * 131 + side * 57 + minute * (3 + row)) % 400;
  const hasOi = !(row === 0 && side === 1 && minute % 7 === 3);
  return {
    oi: hasOi ? LOT * (800 + wave) : null,
    prevOi: LOT * (700 + row * 10 + side),
    ltp: (1_000 + ((seed + minute * (11 + row) + side * 13) % 2_000)) / 20,
    volume: LOT * Math.max(0, 10 + minute) * (100 + row),
  };
}

/**
 * One-minute candles of a leg or of the spot, from the market's own numbers, for `minutes` of the session. In a minute
 * in which the leg has no OI it did not trade either: no candle.
 */
export function marketCandles(
  chain: ChainId,
  of: 'spot' | { row: number; side: number },
  minutes: readonly number[],
): BrokerCandle[] {
  return minutes.flatMap((minute): BrokerCandle[] => {
    const time = OPENING + minute * MINUTE_MS;
    if (of === 'spot') return [{ time, close: marketQuote(chain, time as Slot).spot ?? 0, volume: 0, oi: 0 }];
    const { oi, ltp } = marketLeg(chain, of.row, of.side, minute);
    return oi === null ? [] : [{ time, close: ltp ?? 0, volume: LOT, oi }];
  });
}
