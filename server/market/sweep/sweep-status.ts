import type { SweepStatus } from '../../protocol/index.js';
import type { Choice } from './choose.js';
import type { SweepPlan } from './plan.js';

/** Nothing is swept. @param message why, where it is not simply that the market is closed. */
export function idleStatus(message: string | null): SweepStatus {
  return { state: 'idle', message, chains: 0, contracts: 0, callsNeeded: 0, callsAllowed: 0 };
}

export function offStatus(): SweepStatus {
  return { ...idleStatus('The sweep of the whole market is switched off (MARKET_SWEEP).'), state: 'off' };
}

export function sweepStatus(plan: SweepPlan, choice: Choice, allowed: number): SweepStatus {
  return {
    state: choice.isThinned ? 'thinned' : 'full',
    message: choice.isThinned ? thinnedMessage(choice.needed, allowed) : null,
    chains: plan.chains.length,
    contracts: plan.universe.sides.length,
    callsNeeded: choice.needed,
    callsAllowed: allowed,
  };
}

function thinnedMessage(needed: number, allowed: number): string {
  if (allowed === 0) return 'The broker lets no call through for now: nothing is swept this minute.';
  return (
    `The broker allows ${allowed} of the ${needed} calls that the whole market takes a minute: indices and the ` +
    'largest stocks come first, the others and the far strikes in turn. Each row shows its age.'
  );
}
