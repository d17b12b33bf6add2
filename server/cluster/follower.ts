import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { ChainService } from '../snapshot/chain-service.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';

/** Brings the chains of this process up to date with what another one collects. */
@Injectable()
export class Follower {
  /** Tables taken over from another process, for the metrics. */
  taken = 0;
  private readonly log = new Logger('Follower');
  /** By chain: the look into the database under way, and whether another one was asked for meanwhile. */
  private readonly looks = new Map<string, { again: boolean }>();

  constructor(
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Looks at one chain. However many hints come, one look at a time is under way and one is waiting. */
  async look(chain: ChainId): Promise<void> {
    const key = chainKey(chain);
    const underWay = this.looks.get(key);
    if (underWay) {
      underWay.again = true;
      return;
    }
    if (!this.chains.stateInMemory(chain) && !this.isWatchedHere(chain)) return;
    const look = { again: false };
    this.looks.set(key, look);
    try {
      do {
        look.again = false;
        if (await this.chains.follow(chain, this.clock.now())) this.taken += 1;
      } while (look.again);
    } finally {
      this.looks.delete(key);
    }
  }

  /** Looks at all chains that the database has news of: for hints that were lost, and where none are given. */
  async lookAround(): Promise<void> {
    const lost = this.registry.here().filter(({ chain }) => !this.chains.stateInMemory(chain));
    const watched = lost.filter(({ watchers }) => watchers > 0).map(({ chain }) => chain);
    await this.all([...(await this.chains.behind()), ...watched]);
  }

  /** Brings everything in memory up to date, before this process begins to collect. */
  async readBack(): Promise<void> {
    await this.all(this.chains.inMemory());
  }

  private isWatchedHere(chain: ChainId): boolean {
    const key = chainKey(chain);
    return this.registry.here().some((one) => one.watchers > 0 && chainKey(one.chain) === key);
  }

  /** One that fails, an expired chain for example, does not stop the others. */
  private async all(chains: readonly ChainId[]): Promise<void> {
    for (const chain of chains)
      await this.look(chain).catch((error: Error) => this.log.error(`${chainKey(chain)}: ${error.message}`));
  }
}
