import type { UnderlyingInfo } from '../../server/protocol/index.js';

const KIND_ORDER = { INDEX: 0, EQUITY: 1, COMMODITY: 2 } as const;

/**
 * Underlyings that match what was typed, best first: symbol begins with it, a word of the name begins with it, the
 * symbol or name holds it. Among equals indices first, then stocks, then commodities, each in the order of the list.
 */
export function searchUnderlyings(all: readonly UnderlyingInfo[], query: string): UnderlyingInfo[] {
  const typed = query.trim().toUpperCase();
  if (typed === '') return [...all];
  return all
    .map((u, order) => ({ u, order, rank: rank(u, typed) }))
    .filter((hit) => hit.rank < MISS)
    .sort((a, b) => a.rank - b.rank || KIND_ORDER[a.u.kind] - KIND_ORDER[b.u.kind] || a.order - b.order)
    .map((hit) => hit.u);
}

const MISS = 5;

function rank(u: UnderlyingInfo, typed: string): number {
  const symbol = u.symbol.toUpperCase();
  const name = u.name.toUpperCase();
  if (symbol === typed) return 0;
  if (symbol.startsWith(typed)) return 1;
  if (name.split(/[\s&-]+/).some((word) => word.startsWith(typed)) || name.startsWith(typed)) return 2;
  if (symbol.includes(typed)) return 3;
  return name.includes(typed) ? 4 : MISS;
}
