export const CHAIN = { underlying: 'NSE_INDEX|Nifty 50', expiry: '2025-02-13' } as const;

/** A side of a strike as the broker answers it. */
export function leg(key: string, market: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    instrument_key: key,
    market_data: { ltp: 120.5, volume: 6500, oi: 388800.0, close_price: 118, prev_oi: 380000, ...market },
    option_greeks: { iv: 12.3 },
  };
}

/** A row of the option chain as the broker answers it. */
export function row(strike: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    expiry: CHAIN.expiry,
    pcr: 1.2,
    strike_price: strike,
    underlying_key: CHAIN.underlying,
    underlying_spot_price: 22976.2,
    call_options: leg(`NSE_FO|${strike}1`),
    put_options: leg(`NSE_FO|${strike}2`),
    ...fields,
  };
}
