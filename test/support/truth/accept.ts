import { minuteOf, sessionStart } from './time.js';
import {
  SIDES,
  type Accepted,
  type Answer,
  type Judged,
  type LegAnswer,
  type Phantom,
  type Refusal,
  type Side,
  type StrikeAnswer,
} from './types.js';

/** What a session remembers while its answers are judged. */
interface Memory {
  session: number;
  reference: Answer | null;
  refusedInARow: number;
  /** Last known OI of a leg, with the volume of that very capture. */
  lastKnown: Map<string, { oi: number; volume: number | null }>;
}

const name = (strike: number, side: Side): string => `${strike} ${side}`;

function* legs(answer: Answer): Generator<[number, Side, LegAnswer]> {
  for (const [strike, both] of answer.strikes)
    for (const side of SIDES) {
      const leg = both[side];
      if (leg) yield [strike, side, leg];
    }
}

/** Every OI in the chain is 0. A chain without a single OI says nothing either. */
function allZero(answer: Answer): boolean {
  for (const [, , leg] of legs(answer)) if (leg.oi !== null && leg.oi !== 0) return false;
  return true;
}

/** Volume, over the legs that both answers carry with a volume, is lower than it was. */
function volumeRanBackwards(answer: Answer, reference: Answer | null): boolean {
  if (!reference) return false;
  let now = 0;
  let then = 0;
  for (const [strike, side, leg] of legs(answer)) {
    const old = reference.strikes.get(strike)?.[side];
    if (leg.volume === null || old == null || old.volume === null) continue;
    now += leg.volume;
    then += old.volume;
  }
  return now < then;
}

function suspicion(answer: Answer, memory: Memory): Refusal['reason'] | null {
  if (allZero(answer)) return 'all-zero';
  return volumeRanBackwards(answer, memory.reference) ? 'stale-volume' : null;
}

/** OI 0 after a known OI above 0, without a risen volume. */
function isPhantom(leg: LegAnswer, last: { oi: number; volume: number | null } | undefined): boolean {
  if (leg.oi !== 0 || !last || last.oi === 0) return false;
  return leg.volume === null || last.volume === null || leg.volume <= last.volume;
}

/** The answer with its phantom zeros unknown; the memory learns what is known now. */
function believe(answer: Answer, slot: number, memory: Memory, phantoms: Phantom[]): Accepted {
  const strikes = new Map<number, StrikeAnswer>();
  for (const strike of [...answer.strikes.keys()].sort((a, b) => a - b)) {
    const both = answer.strikes.get(strike);
    if (both) strikes.set(strike, { call: judged(strike, 'call'), put: judged(strike, 'put') });
  }
  return { ...answer, slot, strikes };

  function judged(strike: number, side: Side): LegAnswer | null {
    const leg = answer.strikes.get(strike)?.[side];
    if (!leg) return null;
    const key = name(strike, side);
    if (isPhantom(leg, memory.lastKnown.get(key))) {
      phantoms.push({ slot, strike, side });
      return { ...leg, oi: null };
    }
    if (leg.oi !== null) memory.lastKnown.set(key, { oi: leg.oi, volume: leg.volume });
    return leg;
  }
}

/**
 * Applies the rules for suspect answers to a chain's answers in time order: refusal of a chain of zeros and of one
 * whose volume ran backwards, acceptance after three refusals in a row, phantom zeros of single legs, and one capture
 * per slot. Nothing is remembered from one session to the next.
 */
export function judge(answers: readonly Answer[]): Judged {
  const accepted: Accepted[] = [];
  const refusals: Refusal[] = [];
  const phantoms: Phantom[] = [];
  let memory: Memory = { session: NaN, reference: null, refusedInARow: 0, lastKnown: new Map() };
  for (const answer of answers) {
    const slot = minuteOf(answer.at);
    if (accepted.at(-1)?.slot === slot) continue;
    const session = sessionStart(slot);
    if (session !== memory.session)
      memory = { session, reference: null, refusedInARow: 0, lastKnown: new Map() };
    const reason = memory.refusedInARow < 3 ? suspicion(answer, memory) : null;
    if (reason) {
      memory.refusedInARow++;
      refusals.push({ slot, reason });
      continue;
    }
    memory.refusedInARow = 0;
    accepted.push(believe(answer, slot, memory, phantoms));
    memory.reference = answer;
  }
  return { accepted, refusals, phantoms };
}
