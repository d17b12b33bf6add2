import type { ChainState } from './chain-state.js';
import type { SnapshotStore } from './snapshot-store.js';

/**
 * Takes into memory what another process has stored of a chain's session since: captures, refusals, and the table,
 * which follows from them. Which one it is is read first: captures may then be ahead of it, never behind.
 */
export async function learnStored(state: ChainState, store: SnapshotStore): Promise<void> {
  const published = await store.lastPublished(state.id);
  if (!published || published.seq <= (state.table?.seq ?? 0)) return;
  const span = [state.sessionStart, Number.MAX_SAFE_INTEGER] as const;
  const stored = await store.slots(state.id, ...span);
  const missing = stored.map(({ slot }) => slot).filter((slot) => state.history.at(slot) === null);
  const [first, last] = [missing.at(0), missing.at(-1)];
  if (first !== undefined && last !== undefined)
    for (const snapshot of await store.load(state.id, first, last)) state.history.add(snapshot);
  const refusals = await store.refusals(state.id, ...span);
  state.tally.refused.splice(0, Infinity, ...refusals.map(({ slot }) => slot));
  state.tally.unknownLegs = stored.reduce((sum, { unknownLegs }) => sum + unknownLegs, 0);
  // A minute that cannot be read is left out: then it is the newest before it.
  const slot = state.history.slots().findLast((one) => one <= published.slot);
  if (slot !== undefined) state.table = state.compute(slot, published.seq);
}
