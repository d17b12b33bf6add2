import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { istDate } from '../domain/slot.js';
import { ChainService } from './chain-service.js';
import { WantedChains } from './wanted.js';

/** Bounds what is in memory: the sessions of today, and of chains that somebody watches or that are pinned. */
@Injectable()
export class ChainEviction {
  private readonly log = new Logger(ChainEviction.name);

  constructor(
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(WantedChains) private readonly wanted: WantedChains,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Drops every chain of a past day that nobody wants; it is read back from disk when somebody opens it. */
  async run(): Promise<void> {
    const today = istDate(this.clock.now());
    const dropped = await this.chains.forget(await this.wanted.all(), today);
    if (dropped > 0) this.log.log(`${dropped} chains of past days dropped from memory`);
  }
}
