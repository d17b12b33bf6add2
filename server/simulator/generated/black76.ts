/** Standard normal density. */
function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** Standard normal distribution function: Abramowitz & Stegun 26.2.17, error below 7.5e-8. */
export function normalCdf(x: number): number {
  const k = 1 / (1 + 0.2316419 * Math.abs(x));
  const poly =
    k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  const upper = density(x) * poly;
  return x >= 0 ? 1 - upper : upper;
}

export interface Greeks {
  price: number;
  delta: number;
  gamma: number;
  /** Rupees a day. */
  theta: number;
  /** Rupees per percentage point of volatility. */
  vega: number;
  /** Probability of ending in the money, a fraction. */
  itm: number;
}

/**
 * Premium and greeks of a European option on a forward: F. Black, "The pricing of commodity contracts" (1976).
 * @param forward and `strike` in rupees; `iv` a fraction a year; `years` to expiry; no discounting (days matter little).
 */
export function black76(call: boolean, forward: number, strike: number, iv: number, years: number): Greeks {
  const spread = iv * Math.sqrt(years);
  const d1 = Math.log(forward / strike) / spread + spread / 2;
  const d2 = d1 - spread;
  const sign = call ? 1 : -1;
  const delta = sign * normalCdf(sign * d1);
  const itm = normalCdf(sign * d2);
  return {
    price: Math.max(0, forward * delta - sign * strike * itm),
    delta,
    gamma: density(d1) / (forward * spread),
    theta: (-forward * density(d1) * iv) / (2 * Math.sqrt(years)) / 365,
    vega: (forward * density(d1) * Math.sqrt(years)) / 100,
    itm,
  };
}

/** At-the-money volatility with a skew to the downside and wings, in standard deviations of the expiry. */
export function smile(atm: number, forward: number, strike: number, years: number): number {
  const k = Math.log(strike / forward) / (atm * Math.sqrt(Math.max(years, 2 / 365)));
  return atm * Math.min(3, 1 + 0.02 * k * k - 0.035 * k);
}
