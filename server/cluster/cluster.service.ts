import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SessionEvents } from '../auth/session-events.js';
import { SessionService } from '../auth/session.service.js';
import { TokenPool } from '../auth/token-pool.js';
import { doneWithin } from '../clock/clock.js';
import { CollectorLease } from '../database/lease.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { CalendarService } from '../snapshot/calendar-service.js';
import { ChainService } from '../snapshot/chain-service.js';
import { Collector } from '../snapshot/collector.js';
import { Feed } from '../snapshot/feed.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';
import { Follower } from './follower.js';
import { MarketMirror } from './market-mirror.js';
import { NewsBus } from './news-bus.js';
import type { News } from './news.js';
import { SharedWatchers } from './shared-watchers.js';

/** How long a screen waits for the collector's first capture of a chain, real ms. */
const FIRST_TABLE_MS = 3_000;

/**
 * Several processes on one database: one collects, all serve screens. What the collector commits, the others read from
 * the database, told by Redis or by looking once a second, and push to their own sockets.
 */
@Injectable()
export class ClusterService implements OnModuleInit, OnModuleDestroy {
  private readonly log = new Logger('Cluster');
  private readonly endings: (() => void)[] = [];
  /** News of others are not passed on: they would come back. */
  private listening = false;

  constructor(
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(NewsBus) private readonly bus: NewsBus,
    @Inject(Follower) private readonly follower: Follower,
    @Inject(SharedWatchers) private readonly watchers: SharedWatchers,
    @Inject(MarketMirror) private readonly market: MarketMirror,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(Collector) private readonly collector: Collector,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(SessionEvents) private readonly sessionEvents: SessionEvents,
  ) {}

  async onModuleInit(): Promise<void> {
    this.collector.delegateTo((chain) => this.askCollector(chain));
    this.market.onSaved(() => this.bus.publish({ kind: 'market' }));
    this.endings.push(
      this.bus.onNews((news) => this.take(news)),
      this.feed.onTable(({ chain: { underlying, expiry } }) => {
        if (this.lease.held) this.bus.publish({ kind: 'chain', underlying, expiry });
      }),
      this.sessionEvents.onEnd(({ idHash, code }) => this.say({ kind: 'session', idHash, code })),
      this.tokens.onChange(() => this.say({ kind: 'tokens' })),
    );
    await this.bus.open();
  }

  onModuleDestroy(): void {
    for (const end of this.endings.splice(0)) end();
  }

  /** Takes or extends the lease. */
  renew(): Promise<void> {
    return this.lease.renew();
  }

  /** Puts this process under the lease: it collects when, and as long as, no other does. */
  begin(): Promise<void> {
    return this.lease.begin(() => this.follower.readBack());
  }

  /** What a process that does not collect does once a second. */
  async follow(): Promise<void> {
    if (this.lease.held) return;
    await this.follower.lookAround();
    await this.market.follow();
  }

  /** What it does now and then: the list of contracts and the calendar are brought by the collector. */
  async followLists(): Promise<void> {
    if (this.lease.held) return;
    await this.instruments.refresh();
    await this.calendar.load();
  }

  /** Shares what is watched. */
  beat(): Promise<void> {
    return this.watchers.beat();
  }

  /** Gives up what others would wait for. */
  async leave(): Promise<void> {
    await this.lease.release();
    await this.watchers.leave();
  }

  /**
   * Somebody opens a chain here and another process collects: asks it, and waits for the first table if there is none
   * at all. Later ones are pushed.
   */
  private async askCollector(chain: ChainId): Promise<void> {
    this.registry.glance(chain);
    await this.watchers.beat();
    this.bus.publish({ kind: 'watch', underlying: chain.underlying, expiry: chain.expiry });
    const state = this.chains.stateInMemory(chain);
    const isOpen = state !== null && this.calendar.marketState(state.facts.exchange).open;
    if (!isOpen || state.table || !this.tokens.state().hasToken) return;
    let end = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      end = this.feed.onTable((published) => {
        if (chainKey(published.chain) === chainKey(chain)) resolve();
      });
    });
    await doneWithin(first, FIRST_TABLE_MS).finally(end);
  }

  private say(news: News): void {
    if (!this.listening) this.bus.publish(news);
  }

  private take(news: News): void {
    this.act(news).catch((error: Error) => this.log.warn(`news of ${news.kind}: ${error.message}`));
  }

  private async act(news: News): Promise<void> {
    switch (news.kind) {
      case 'chain':
        return this.lease.held ? undefined : this.follower.look(news);
      case 'watch':
        return this.lease.held ? this.watch(news) : undefined;
      case 'market':
        return this.market.follow();
      case 'tokens':
        await this.tokens.refresh();
        return;
      case 'session':
        // What is said is not believed: the sign-in must be gone from the database.
        if ((await this.sessions.keepAlive(news.idHash)) === null)
          this.quietly(() => this.sessionEvents.emit(news));
    }
  }

  /** A screen of another process opened a chain. @throws ApiError for one that is not listed */
  private async watch({ underlying, expiry }: ChainId): Promise<void> {
    const listing = await this.chains.listing({ underlying, expiry });
    const chain = { underlying: listing.underlying.key, expiry };
    this.registry.glance(chain);
    await this.collector.request(chain);
  }

  private quietly(work: () => void): void {
    this.listening = true;
    try {
      work();
    } finally {
      this.listening = false;
    }
  }
}
