import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { istDate } from '../domain/slot.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { WatchRegistry } from './watch-registry.js';

/** A chain worth collecting, with the class it belongs to: lower is more important. */
export interface WantedChain {
  chain: ChainId;
  importance: 0 | 1 | 2;
  /** Pinned, whoever watches it besides. */
  pinned: boolean;
}

/** Which chains are collected now: watched first, then pinned, then those just left. */
@Injectable()
export class WantedChains {
  private pinned: { key: string; chains: ChainId[] } = { key: '', chains: [] };

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
  ) {}

  /** Chains of expiries that have not passed, most important first, each once. */
  async list(): Promise<WantedChain[]> {
    const today = istDate(this.clock.now());
    const { watched, lingering } = this.registry.wanted();
    const pinned = await this.pinnedChains(today);
    const pinnedKeys = new Set(pinned.map(chainKey));
    const classes = [watched, pinned, lingering];
    const seen = new Set<string>();
    const wanted: WantedChain[] = [];
    classes.forEach((chains, importance) => {
      for (const chain of chains) {
        if (chain.expiry < today || seen.has(chainKey(chain))) continue;
        seen.add(chainKey(chain));
        wanted.push({
          chain,
          importance: importance as WantedChain['importance'],
          pinned: pinnedKeys.has(chainKey(chain)),
        });
      }
    });
    return wanted;
  }

  /** Watched, pinned and just left, in no order; also those of an expiry that has passed, which a screen may still show. */
  async all(): Promise<ChainId[]> {
    const { watched, lingering } = this.registry.wanted();
    return [...watched, ...(await this.pinnedChains(istDate(this.clock.now()))), ...lingering];
  }

  /** The nearest expiry of each pinned underlying; looked up again each day and after an import. */
  async pinnedChains(today: string): Promise<ChainId[]> {
    const key = `${today} ${this.instruments.status().asOf ?? 'none'}`;
    if (this.pinned.key === key) return this.pinned.chains;
    const chains: ChainId[] = [];
    for (const name of this.config.pinned) {
      const underlying = await this.instruments.resolve(name);
      const nearest = underlying ? (await this.instruments.expiries(underlying.key, today))[0] : undefined;
      if (underlying && nearest) chains.push({ underlying: underlying.key, expiry: nearest.expiry });
    }
    this.pinned = { key, chains };
    return chains;
  }
}
