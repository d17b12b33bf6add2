import type { IsoDate } from '../domain/units.js';
import type { MasterContract, MasterUnderlying } from './master-list.js';

/**
 * The contracts of a list by underlying and expiry. To sort chain by chain costs a third of sorting the whole list, and
 * a contract that comes twice then stands next to itself.
 */
export class ListedChains {
  /** Contracts that the list had before, under the same key or another. */
  readonly repeated = new Set<MasterContract>();
  private readonly byUnderlying = new Map<MasterUnderlying, Map<IsoDate, MasterContract[]>>();

  constructor(contracts: readonly MasterContract[]) {
    for (const contract of contracts) this.add(contract);
    for (const chains of this.byUnderlying.values()) for (const chain of chains.values()) this.sort(chain);
  }

  /** Underlyings in the order of their first contract, the chains of each by expiry, their contracts by strike and type. */
  each(visit: (contract: MasterContract) => void): void {
    for (const chains of this.byUnderlying.values())
      for (const [, chain] of [...chains].sort(([a], [b]) => (a < b ? -1 : 1))) chain.forEach(visit);
  }

  private add(contract: MasterContract): void {
    const { underlying, expiry } = contract;
    let chains = this.byUnderlying.get(underlying);
    if (!chains) this.byUnderlying.set(underlying, (chains = new Map()));
    const chain = chains.get(expiry);
    if (chain) chain.push(contract);
    else chains.set(expiry, [contract]);
  }

  private sort(chain: MasterContract[]): void {
    // Of two that are equal, the one that came first stays first.
    chain.sort(byStrike);
    for (let i = 1; i < chain.length; i++) {
      const [before, contract] = [chain[i - 1] as MasterContract, chain[i] as MasterContract];
      if (byStrike(before, contract) === 0) this.repeated.add(contract);
    }
  }
}

function byStrike(a: MasterContract, b: MasterContract): number {
  if (a.strike !== b.strike) return a.strike - b.strike;
  return a.type === b.type ? 0 : a.type < b.type ? -1 : 1;
}
