import type { IsoDate } from '../ist.js';
import type { LegAnswer, StrikeAnswer } from '../market.js';
import type { Contract } from './contracts.js';
import { GeneratedLeg } from './generated-leg.js';
import { type LegPath, legPath } from './leg-path.js';
import { type LegShape, legShapes } from './oi-shape.js';
import { Random } from './random.js';
import { type SpotPath, spotAt } from './spot-path.js';
import { Waves } from './waves.js';

/** How far the spot has to go for the day to count as one-sided. */
const ONE_SIDED = 0.004;

/** The options of one underlying and expiry. Legs are drawn when first asked for, from seeds of their own. */
export class GeneratedChain {
  private readonly legs = new Map<Contract, GeneratedLeg>();
  private readonly shapes = new Map<Contract, LegShape>();
  private readonly waves: Waves;
  private readonly byStrike = new Map<number, { CE?: Contract; PE?: Contract }>();

  constructor(
    readonly contracts: readonly Contract[],
    private readonly spot: SpotPath,
    private readonly date: IsoDate,
    private readonly seed: number,
  ) {
    const { underlying, expiry } = this.first;
    this.waves = new Waves(spot, underlying.step, seed, date, underlying.symbol, expiry.date);
    for (const c of contracts) this.byStrike.set(c.strike, { ...this.byStrike.get(c.strike), [c.type]: c });
    this.shape('CE');
    this.shape('PE');
  }

  private get first(): Contract {
    const [first] = this.contracts;
    if (!first) throw new RangeError('a chain needs contracts');
    return first;
  }

  private shape(side: 'CE' | 'PE'): void {
    const contracts = this.contracts.filter((c) => c.type === side);
    const { underlying, expiry } = this.first;
    const strikes = contracts.map((c) => c.strike);
    const { date, seed } = this;
    const shapes = legShapes({
      underlying,
      expiry,
      date,
      seed,
      side,
      strikes,
      spot: this.spot.previousClose,
    });
    contracts.forEach((c, i) => this.shapes.set(c, shapes[i] as LegShape));
  }

  private draw(c: Contract): LegPath {
    const log = new Float64Array(this.spot.minutes);
    const side = c.type === 'PE' ? 'PE' : 'CE';
    this.waves.addTo(log, side, c.strike);
    const move = spotAt(this.spot, this.spot.minutes - 1) / this.spot.previousClose - 1;
    const tilt = Math.tanh(move / ONE_SIDED) * (side === 'PE' ? 1 : -1);
    const random = new Random(this.seed, this.date, c.underlying.symbol, c.expiry.date, c.strike, c.type);
    const expiryDay = c.expiry.date === this.date;
    return legPath({ shape: this.shapes.get(c) as LegShape, random, log, expiryDay, tilt });
  }

  leg(c: Contract): GeneratedLeg {
    const known = this.legs.get(c);
    if (known) return known;
    const leg = new GeneratedLeg(c, this.draw(c), this.spot, this.date);
    this.legs.set(c, leg);
    return leg;
  }

  private side(c: Contract | undefined, minute: number): LegAnswer | undefined {
    return c && this.leg(c).answer(minute);
  }

  /** All strikes, ascending, at a minute of the session. */
  answer(minute: number): StrikeAnswer[] {
    const spot = spotAt(this.spot, minute);
    return [...this.byStrike].map(([strike, { CE, PE }]) => {
      const [call, put] = [this.side(CE, minute), this.side(PE, minute)];
      const [c, p] = [call?.market_data.oi ?? 0, put?.market_data.oi ?? 0];
      const row: StrikeAnswer = {
        expiry: this.first.expiry.date,
        pcr: c > 0 ? Math.round((p / c) * 1e4) / 1e4 : 0,
        strike_price: strike,
        underlying_key: this.first.underlyingKey,
        underlying_spot_price: spot,
      };
      if (call) row.call_options = call;
      if (put) row.put_options = put;
      return row;
    });
  }
}
