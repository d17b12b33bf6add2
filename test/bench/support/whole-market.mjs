/** A market of any size whose minutes change like real ones: about one contract in seven trades in a minute. */
export const MINUTE = 60_000;

const LEGS_A_CHAIN = 100;
const LOTS = [65, 30, 500, 1000, 250];
const OPEN = Date.UTC(2026, 7, 18, 3, 45);
const built = (path) => import(new URL(`../../../dist/server/${path}`, import.meta.url).href);

/** Seeded (mulberry32), so that every run stores the same minutes. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class WholeMarket {
  /** Share of the contracts that change in a minute. */
  static CHANGE = 0.14;

  /**
   * @param columns those that are known; the others stay unknown
   * @param given `firstId` number of the first chain and of the first contract
   */
  static async of(legs, columns, { seed = 1, firstId = 1 } = {}) {
    const { universeOf } = await built('market/minutes/universe.js');
    const { emptyFrame, CAPTURED } = await built('market/minutes/frame.js');
    const chains = Array.from({ length: Math.ceil(legs / LEGS_A_CHAIN) }, (_, chain) => ({
      chainId: firstId + chain,
      legs: Array.from({ length: Math.min(LEGS_A_CHAIN, legs - chain * LEGS_A_CHAIN) }, (_leg, i) => ({
        contractId: firstId + chain * LEGS_A_CHAIN + i,
        strike: 100 + 5 * (i >> 1),
        side: i & 1,
        lot: LOTS[chain % LOTS.length],
      })),
    }));
    const universe = universeOf(chains);
    return new WholeMarket(universe, emptyFrame(universe, OPEN), CAPTURED, columns, random(seed));
  }

  constructor(universe, frame, captured, columns, next) {
    Object.assign(this, { universe, frame, captured, columns, next });
    const legs = universe.lots.length;
    /** Trade is uneven: few contracts have most of it. */
    this.activity = Float64Array.from({ length: legs }, () => Math.exp(2.2 * this.gauss()));
    this.scale = this.scaleFor(WholeMarket.CHANGE);
    for (let leg = 0; leg < legs; leg++) this.list(leg);
  }

  /** The next minute, in place. */
  step() {
    const { frame, activity, scale } = this;
    frame.slot += MINUTE;
    frame.marks.forEach((_, chain) => (frame.marks[chain] = this.captured + (Math.floor(chain / 5) % 42)));
    for (let leg = 0; leg < activity.length; leg++)
      if (this.next() < Math.min(0.95, activity[leg] * scale)) this.trade(leg);
  }

  list(leg) {
    const lot = this.universe.lots[leg];
    const size = this.activity[leg];
    this.set('oi', leg, lot * Math.floor(20 + 600 * size * this.next()));
    this.set('volume', leg, lot * Math.floor(500 * size * this.next()));
    this.set('ltp', leg, Math.round((1 + 60 * this.next() ** 2) * 20) / 20);
  }

  trade(leg) {
    const { frame } = this;
    const lot = this.universe.lots[leg];
    const lots = Math.round(this.gauss() * Math.max(1, (frame.oi[leg] / lot) * 0.004)) || 1;
    this.set('oi', leg, Math.max(0, frame.oi[leg] + lots * lot));
    this.set(
      'volume',
      leg,
      frame.volume[leg] + lot * (1 + Math.floor(-Math.log(this.next() + 1e-9) * 2 * Math.abs(lots))),
    );
    const ticks = Math.round(this.gauss() * Math.max(1, frame.ltp[leg] * 0.12));
    this.set('ltp', leg, Math.max(1, Math.round(frame.ltp[leg] * 20) + ticks) / 20);
  }

  set(column, leg, value) {
    if (this.columns.includes(column)) this.frame[column][leg] = value;
  }

  gauss() {
    return Math.sqrt(-2 * Math.log(this.next() + 1e-12)) * Math.cos(2 * Math.PI * this.next());
  }

  scaleFor(share) {
    let [low, high] = [0, 10];
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      const mean =
        this.activity.reduce((sum, one) => sum + Math.min(0.95, one * middle), 0) / this.activity.length;
      if (mean > share) high = middle;
      else low = middle;
    }
    return low;
  }
}
