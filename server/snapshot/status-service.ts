import { Inject, Injectable } from '@nestjs/common';
import { TokenPool, type TokenPoolState } from '../auth/token-pool.js';
import { Clock } from '../clock/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { istTime, slotOf } from '../domain/slot.js';
import { MINUTE_MS, type EpochMs } from '../domain/units.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import type { FeedState, FeedStatus, SlotCounts } from '../protocol/index.js';
import { ClockSkew } from '../upstox/clock-skew.js';
import { Backfill } from './backfill.js';
import { CalendarService } from './calendar-service.js';
import { ChainService } from './chain-service.js';
import type { ChainState } from './chain-state.js';
import { Feed } from './feed.js';
import { countsInMemory } from './slot-counts.js';
import { StorageTrouble } from './storage-trouble.js';
import { WantedSince } from './wanted-since.js';
import { WatchRegistry } from './watch-registry.js';

/** A capture is late when the slot after the next one has begun without it. */
const STALE_AFTER_MS = 90_000;
/** Before this long ahead of its death the screen says that a token is about to end. */
const TOKEN_WARNING_MS = 30 * MINUTE_MS;

/** What was told of a chain last: a new status is sent when `rest` or `quality` differ. */
interface Told {
  state: FeedState;
  since: EpochMs;
  rest: string;
  quality: string;
}

/** Says what state each watched chain, and the server as a whole, is in; tells the feed when that changes. */
@Injectable()
export class StatusService {
  private readonly told = new Map<string, Told>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(Backfill) private readonly backfill: Backfill,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(StorageTrouble) private readonly storage: StorageTrouble,
    @Inject(WantedSince) private readonly wanted: WantedSince,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
  ) {
    // A change tells its slot and the counts to all who watch: nobody needs to hear them again.
    feed.onTable(({ chain, frame }) => {
      const told = this.told.get(chainKey(chain));
      if (told && frame.quality) told.quality = JSON.stringify(frame.quality);
    });
  }

  /** The status now, of a chain or (with `null`) of the server. */
  current(chain: ChainId | null): FeedStatus {
    const now = this.clock.now();
    const state = chain ? this.chains.stateInMemory(chain) : null;
    const exchange = state?.facts.exchange ?? (chain ? exchangeOfKey(chain.underlying) : 'NSE');
    const market = this.calendar.marketState(exchange);
    const token = this.tokens.state();
    const feedState = this.stateOf(chain, market.open, token, now);
    const told = this.told.get(chain ? chainKey(chain) : '');
    const latest = chain ? this.chains.newestShown(chain) : null;
    return {
      chain,
      state: feedState,
      since: told?.state === feedState ? told.since : now,
      message: this.message(feedState, latest?.capturedAt ?? null, token, now),
      needsSignIn: !token.hasToken,
      lastSlot: latest?.slot ?? state?.table?.slot ?? null,
      lastCapturedAt: latest?.capturedAt ?? state?.table?.capturedAt ?? null,
      market,
      serverNow: now,
      clockRate: this.clock.rate,
      simulated: this.config.upstox.simulated,
      watchers: chain ? this.registry.watchers(chain) : this.registry.total(),
      instruments: this.instruments.status(),
      quality: state ? this.qualityOf(state, now) : null,
    };
  }

  /** Publishes the status of the server and of every watched chain whose status has changed. */
  tick(): void {
    this.tell(null);
    for (const chain of this.registry.wanted().watched) this.tell(chain);
  }

  private tell(chain: ChainId | null): void {
    const status = this.current(chain);
    const key = chain ? chainKey(chain) : '';
    const [rest, quality] = [signatureOf(status), JSON.stringify(status.quality)];
    const told = this.told.get(key);
    if (told?.rest === rest && told.quality === quality) return;
    this.told.set(key, { state: status.state, since: status.since, rest, quality });
    this.feed.publishStatus(status);
  }

  private stateOf(
    chain: ChainId | null,
    open: boolean,
    { hasToken }: TokenPoolState,
    now: EpochMs,
  ): FeedState {
    if (!open) return 'closed';
    if (!hasToken) return 'sign-in-needed';
    if (!chain) return 'live';
    if (this.backfill.isRunning(chain)) return 'back-filling';
    const latest = this.chains.newestShown(chain);
    if (!latest) return 'waiting';
    // By a clock that is behind, figures never grow old.
    if (this.skew.message !== null) return 'stale';
    const late =
      now - (latest.slot + MINUTE_MS) > STALE_AFTER_MS || slotOf(now) - latest.slot > 2 * MINUTE_MS;
    return late ? 'stale' : 'live';
  }

  private message(
    state: FeedState,
    capturedAt: EpochMs | null,
    { hasToken, reason, expiresAt }: TokenPoolState,
    now: EpochMs,
  ): string | null {
    switch (state) {
      case 'closed':
        if (hasToken) return this.skew.message ?? this.tokenWarning(expiresAt, now);
        return `${sentence(reason ?? 'Nobody is signed in with the broker')} Sign in before the market opens, or nothing is collected.`;
      case 'sign-in-needed':
        return reason ?? 'No valid broker token. Sign in to go on collecting.';
      case 'stale':
        if (this.skew.message !== null) return this.skew.message;
        if (this.storage.message !== null) return this.storage.message;
        return capturedAt === null
          ? 'The broker has not answered yet.'
          : `Nothing new since ${istTime(capturedAt)}. The numbers are those of that time; collection goes on trying.`;
      default:
        return this.skew.message ?? this.storage.message ?? this.tokenWarning(expiresAt, now);
    }
  }

  private tokenWarning(expiresAt: EpochMs | null, now: EpochMs): string | null {
    if (expiresAt === null || expiresAt - now >= TOKEN_WARNING_MS) return null;
    return `The broker token ends at ${istTime(expiresAt).slice(0, 5)} IST. Sign in again to go on collecting.`;
  }

  private qualityOf(state: ChainState, now: EpochMs): SlotCounts {
    // The session that the state is of, also after its close.
    const within = state.history.latest()?.slot ?? state.sessionStart;
    const session = this.calendar.openSession(state.facts.exchange, within);
    return countsInMemory(state, session, this.wanted.inMemory(state.chain, session), now);
  }
}

/** What makes a status new. Times pass by themselves, changes tell their slot, and watchers come and go all the time. */
function signatureOf(status: FeedStatus): string {
  const passing = { serverNow: 0, since: 0, watchers: 0, lastSlot: 0, lastCapturedAt: 0, quality: null };
  return JSON.stringify({ ...status, ...passing });
}

/** Reasons come with and without a full stop; another sentence follows. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The exchange named by an instrument key such as `BSE_INDEX|SENSEX`. */
function exchangeOfKey(key: string): string {
  const exchange = key.split('_')[0] ?? '';
  return ['NSE', 'BSE', 'MCX'].includes(exchange) ? exchange : 'NSE';
}
