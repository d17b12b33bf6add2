import { Inject, Injectable } from '@nestjs/common';
import { Clock, realSleep } from '../clock/clock.js';
import type { ChainId } from '../domain/contract.js';
import type { Table } from '../domain/delta-table.js';
import { ChainService } from './chain-service.js';
import { Collector } from './collector.js';
import { WatchRegistry } from './watch-registry.js';

/** How long somebody who opens a chain waits for its first capture before the screen says "waiting", ms of real time. */
const FIRST_CAPTURE_WAIT_MS = 4_000;

/** What a screen does when it opens a chain. */
@Injectable()
export class Watching {
  constructor(
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(Collector) private readonly collector: Collector,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Whether `prepare` would find nothing to do for a chain that is named by its underlying's key: the usual case, and
   * after a restart of a network that of thousands at once.
   */
  isPrepared(chain: ChainId): boolean {
    return this.chains.isOpen(chain, this.clock.now()) && !this.collector.wants(chain);
  }

  /**
   * Brings a chain into memory and, where it is due, captures it, so that the newcomer gets a fresh table at once.
   * @returns the chain under its underlying's key, whatever name it was asked by.
   * @throws ApiError 404 for a chain that is not listed.
   */
  async prepare(asked: ChainId): Promise<ChainId> {
    const listing = await this.chains.listing(asked);
    const chain = { underlying: listing.underlying.key, expiry: asked.expiry };
    await this.chains.open(chain, this.clock.now());
    if (!this.collector.wants(chain)) return chain;
    // A slow broker must not keep a screen from the table that is there already.
    const patience = new AbortController();
    const enough = realSleep(FIRST_CAPTURE_WAIT_MS, patience.signal);
    await Promise.race([this.collector.request(chain), enough]).finally(() => patience.abort());
    return chain;
  }

  /** Somebody asked for a chain over HTTP: it is worth collecting for a while. @returns its latest table. */
  async glance(asked: ChainId): Promise<Table | null> {
    const listing = await this.chains.listing(asked);
    const chain = { underlying: listing.underlying.key, expiry: asked.expiry };
    this.registry.enter(chain);
    try {
      await this.prepare(chain);
      return await this.chains.latest(chain);
    } finally {
      this.registry.leave(chain);
    }
  }
}
