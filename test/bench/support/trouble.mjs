import { random } from './random.mjs';

/** What a chain's answers suffer: `[weight, fault, how many calls in a row]`. The broker's client tries three times. */
const CHAIN_TROUBLE = [
  [4, () => ({ type: 'status', status: 429 }), 1],
  [2, () => ({ type: 'status', status: 429, retryAfter: 20 }), 4],
  [3, () => ({ type: 'status', status: 503 }), 4],
  [2, () => ({ type: 'status', status: 500 }), 3],
  [3, () => ({ type: 'truncated-json' }), 3],
  [2, () => ({ type: 'html' }), 3],
  [1, () => ({ type: 'wrong-shape' }), 3],
  [1, () => ({ type: 'null-data' }), 3],
  [2, () => ({ type: 'slow-body', ms: 400 }), 2],
  [3, () => ({ type: 'phantom-zero', percent: 10 }), 2],
  [2, () => ({ type: 'all-zero' }), 1],
  [2, () => ({ type: 'partial-chain', percent: 20 }), 1],
  [2, () => ({ type: 'stale', minutes: 2 }), 2],
];
/** The sweep and the back-fill suffer less, and other things. */
const OTHER_TROUBLE = [
  ['quotes', () => ({ type: 'status', status: 503 }), 3],
  ['quotes', () => ({ type: 'truncated-json' }), 2],
  ['quotes', () => ({ type: 'html' }), 2],
  ['intraday-candles', () => ({ type: 'status', status: 429 }), 5],
  ['intraday-candles', () => ({ type: 'null-data' }), 5],
];
const CHAIN_SHARE = 0.5;
const OTHER_SHARE = 0.15;
/** At these shares of the time the broker falls silent for a call, and the token dies for a few minutes. */
const SILENCES = [0.4];
const DEATHS = [0.3, 0.75];
const DEATH_MINUTES = 2;

/**
 * The same trouble for the same seed, minute by minute.
 * @param faults the plan of the simulator; `minutes` = how long the trouble lasts; `signIn` brings the token back
 */
export function troubleMaker({ faults, minutes, seed, signIn }) {
  const chance = random(seed);
  const weights = CHAIN_TROUBLE.flatMap((entry, i) => Array.from({ length: entry[0] }, () => i));
  const pick = (list) => list[Math.floor(chance() * list.length)];
  const at = (shares) => shares.map((share) => Math.round(share * minutes));
  const counts = {};
  const inject = (kind, fault, times) => {
    const name = fault.type === 'status' ? `status ${fault.status}` : fault.type;
    counts[name] = (counts[name] ?? 0) + 1;
    faults.inject(kind, fault, times);
  };
  return {
    /** How often each fault was planned. */
    counts,
    /** What goes wrong in this minute, counted from 0. */
    async minute(i) {
      if (at(DEATHS).includes(i)) inject('all', { type: 'token-death' }, 1);
      else if (at(SILENCES).includes(i)) inject('option-chain', { type: 'timeout' }, 1);
      else if (chance() < CHAIN_SHARE) {
        const [, fault, times] = CHAIN_TROUBLE[pick(weights)];
        inject('option-chain', fault(), times);
      }
      if (chance() < OTHER_SHARE) {
        const [kind, fault, times] = pick(OTHER_TROUBLE);
        inject(kind, fault(), times);
      }
      if (at(DEATHS).includes(i - DEATH_MINUTES)) await signIn();
    },
  };
}
