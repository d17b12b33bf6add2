import { SECOND_MS, type EpochMs, type Slot } from '../../domain/units.js';
import type { BrokerQuote } from '../../upstox/broker.js';
import { CAPTURED, CAPTURED_APART, emptyFrame, type MinuteFrame } from '../minutes/frame.js';
import { legsOf, SPOT } from '../minutes/universe.js';
import type { OwnCapture } from './own-captures.js';
import type { SweepPlan } from './plan.js';

/** What has come of one slot so far: quotes by leg, and which chains were asked for. */
export class SlotSweep {
  readonly frame: MinuteFrame;
  /** 1 where the leg was in an answer, with or without values. */
  readonly answered: Uint8Array;
  /** 1 where the chain was asked for by a call that was answered, whatever it held. */
  readonly asked: Uint8Array;
  /** 1 where a call for the chain failed. */
  readonly failed: Uint8Array;
  /** When the newest answer of each chain came, epoch ms; 0 = none. */
  private readonly answeredAt: Float64Array;

  constructor(
    readonly plan: SweepPlan,
    readonly slot: Slot,
  ) {
    const chains = plan.universe.chainIds.length;
    this.frame = emptyFrame(plan.universe, slot);
    this.answered = new Uint8Array(legsOf(plan.universe));
    this.asked = new Uint8Array(chains);
    this.failed = new Uint8Array(chains);
    this.answeredAt = new Float64Array(chains);
  }

  /** Takes quotes in by contract. One that is here already stays; keys that nobody asked for mean nothing. */
  put(quotes: ReadonlyMap<string, BrokerQuote>, at: EpochMs): void {
    for (const [key, quote] of quotes)
      for (const leg of this.plan.legsByKey.get(key) ?? []) this.putLeg(leg, quote, at);
  }

  /** Takes over what the collector captured of a watched chain: judged and stored there. */
  putOwn(chain: number, own: OwnCapture): void {
    const { chainStart } = this.plan.universe;
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++) {
      const cells = own.cellsOf(this.plan.universe, leg);
      this.answered[leg] = cells ? 1 : 0;
      this.frame.oi[leg] = cells?.oi ?? NaN;
      this.frame.ltp[leg] = cells?.ltp ?? NaN;
      this.frame.volume[leg] = cells?.volume ?? NaN;
      this.frame.prevOi[leg] = cells?.prevOi ?? NaN;
    }
    this.frame.marks[chain] = CAPTURED_APART + this.secondOf(own.capturedAt);
  }

  /** Whether any option of the chain was answered. */
  hasAnswer(chain: number): boolean {
    const { chainStart, sides } = this.plan.universe;
    for (let leg = chainStart[chain]!; leg < chainStart[chain + 1]!; leg++)
      if (this.answered[leg] === 1 && sides[leg]! < 2) return true;
    return false;
  }

  /** The mark of a chain that is accepted as answered by the sweep. */
  capturedMark(chain: number): number {
    return CAPTURED + this.secondOf(this.answeredAt[chain]!);
  }

  private putLeg(leg: number, quote: BrokerQuote, at: EpochMs): void {
    if (this.answered[leg] === 1) return;
    const { frame, plan } = this;
    const chain = plan.chainOfLeg[leg]!;
    this.answered[leg] = 1;
    this.answeredAt[chain] = Math.max(this.answeredAt[chain]!, at);
    frame.ltp[leg] = quote.ltp ?? NaN;
    // An index and a share have no OI; the broker says 0.
    if (plan.universe.sides[leg] === SPOT) return;
    frame.oi[leg] = quote.oi ?? NaN;
    frame.volume[leg] = quote.volume ?? NaN;
    frame.prevOi[leg] = quote.prevOi ?? NaN;
  }

  private secondOf(at: EpochMs): number {
    return Math.min(59, Math.max(0, Math.floor((at - this.slot) / SECOND_MS)));
  }
}
