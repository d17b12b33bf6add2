import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { TokenPool } from '../auth/token-pool.js';
import { Clock, doneWithin } from '../clock/clock.js';
import { CollectorLease, FenceLost } from '../database/lease.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { istTime, slotOf } from '../domain/slot.js';
import { SECOND_MS, type EpochMs, type Slot } from '../domain/units.js';
import { Broker, type BrokerToken } from '../upstox/broker.js';
import { ClockDistrusted, ClockSkew } from '../upstox/clock-skew.js';
import { BrokerError } from '../upstox/errors.js';
import { Backfill } from './backfill.js';
import { CalendarService } from './calendar-service.js';
import { CaptureProgress, type Progress } from './capture-progress.js';
import { ChainService } from './chain-service.js';
import { ChainSource } from './chain-source.js';
import { SnapshotMetrics, type Recorded } from './metrics.js';
import { PinnedDemand, type PinnedChain } from './pinned-demand.js';
import { hasPlace, heldCalls, SlotBudget, type CallUse } from './slot-budget.js';
import { StorageTrouble } from './storage-trouble.js';
import { WantLedger } from './want-ledger.js';
import { WantedChains, type WantedChain } from './wanted.js';

/** First wait after a failed capture; doubles with each further failure of the chain, within the slot or beyond. */
const RETRY_MS = 5 * SECOND_MS;
const RETRY_MAX_MS = 60 * SECOND_MS;
/** A back-fill that failed is tried again after this. */
const BACKFILL_RETRY_MS = 180 * SECOND_MS;

interface DueChain extends WantedChain {
  exchange: string;
}

/** Captures due chains, each at most once a slot, most important first, within the broker's budget. */
@Injectable()
export class Collector {
  private readonly log = new Logger(Collector.name);
  private readonly progress = new CaptureProgress();
  private readonly budget = new SlotBudget();
  private readonly pinned: PinnedDemand;
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly background = new Set<Promise<void>>();
  private stopped = false;
  private abandoned = false;
  /** Where another process collects: asks it. */
  private askCollector: (chain: ChainId) => Promise<void> = () => Promise.resolve();

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Broker) private readonly broker: Broker,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(ChainSource) private readonly source: ChainSource,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(WantedChains) private readonly wanted: WantedChains,
    @Inject(Backfill) private readonly backfill: Backfill,
    @Inject(SnapshotMetrics) private readonly metrics: SnapshotMetrics,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(StorageTrouble) private readonly storage: StorageTrouble,
    @Inject(WantLedger) private readonly ledger: WantLedger,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
  ) {
    this.pinned = new PinnedDemand(clock, calendar, chains, this.progress);
  }

  /** Starts every capture that is due; resolves when those it started are settled. Never rejects. */
  async tick(): Promise<void> {
    if (this.stopped || !this.lease.held) return;
    const wanted = await this.wanted.list();
    await this.ledger.note(wanted.map(({ chain }) => chain));
    if (this.stopped || !this.lease.held || !this.tokens.state().hasToken) return;
    const started: Promise<void>[] = [];
    await this.lookAtPinned(wanted);
    for (const one of await this.due(wanted)) {
      const use = useOf(one);
      if (hasPlace(use, this.pinned.demand(this.underWay)))
        started.push(this.start(one.chain, one.exchange, use));
    }
    await Promise.all(started);
  }

  /**
   * Captures one chain now if it is due, for somebody who has just begun to watch it.
   * Resolves when the capture is settled, or at once when none is due.
   */
  async request(chain: ChainId): Promise<void> {
    const running = this.underWay.get(chainKey(chain));
    if (running) return running;
    if (!this.lease.held) return this.askCollector(chain);
    if (this.stopped || !this.tokens.state().hasToken) return;
    const exchange = await this.exchangeWhenDue(chain);
    // Another caller may have begun while this one was asking whether it is due.
    const begun = this.underWay.get(chainKey(chain));
    if (begun) return begun;
    if (exchange !== null) await this.start(chain, exchange, this.pinned.has(chain) ? 'pinned' : 'asked');
  }

  /** Whether `request` would find something to wait for, as far as memory knows. */
  wants(chain: ChainId): boolean {
    return this.underWay.has(chainKey(chain)) || !this.lease.held || this.wantsAnswer(chain);
  }

  /** @param ask brings a request to the process that collects while this one does not. */
  delegateTo(ask: (chain: ChainId) => Promise<void>): void {
    this.askCollector = ask;
  }

  /**
   * Takes no more work and waits until captures and back-fills under way are settled.
   * @param patienceMs how long at most, real time; what a slow broker answers after that is dropped.
   */
  async stop(patienceMs = Infinity): Promise<void> {
    this.stopped = true;
    this.abandoned = !(await doneWithin(this.settled(), patienceMs));
    if (this.abandoned)
      this.log.warn(`the broker is slow: captures left unfinished: ${[...this.underWay.keys()].join(', ')}`);
  }

  private async settled(): Promise<void> {
    while (this.underWay.size + this.background.size > 0)
      await Promise.all([...this.underWay.values(), ...this.background]);
  }

  private async due(wanted: readonly WantedChain[]): Promise<DueChain[]> {
    const due: DueChain[] = [];
    for (const one of wanted) {
      const exchange = await this.exchangeWhenDue(one.chain);
      if (exchange !== null) due.push({ ...one, exchange });
    }
    const now = this.clock.now();
    return due.sort((a, b) => a.importance - b.importance || this.progress.byWait(a.chain, b.chain, now));
  }

  /** So that their calls are held back also from those who ask between two ticks. */
  private async lookAtPinned(wanted: readonly WantedChain[]): Promise<void> {
    const pinned: PinnedChain[] = [];
    for (const one of wanted) {
      if (!one.pinned) continue;
      const known = this.pinned.exchangeOf(one.chain);
      const exchange = known ?? (this.wantsAnswer(one.chain) ? await this.exchangeOf(one.chain) : null);
      if (exchange !== null) pinned.push({ chain: one.chain, exchange });
    }
    this.pinned.set(pinned);
  }

  /** The exchange of a chain that is due, else `null`. */
  private async exchangeWhenDue(chain: ChainId): Promise<string | null> {
    if (!this.wantsAnswer(chain)) return null;
    const exchange = await this.exchangeOf(chain);
    const open = exchange !== null && this.calendar.openSession(exchange, this.clock.now()) !== null;
    return open ? exchange : null;
  }

  /**
   * Whether the slot under way still wants an answer, as far as memory knows. Compares for this very slot and bounds
   * every wait: a clock that was ahead and is set right must not keep a chain from being collected.
   */
  private wantsAnswer(chain: ChainId): boolean {
    const now = this.clock.now();
    const slot = slotOf(now);
    const progress = this.progress.find(chain);
    if (this.underWay.has(chainKey(chain)) || progress?.settled === slot) return false;
    if (progress && mustWait(progress.notBefore, now, RETRY_MAX_MS)) return false;
    return !this.chains.stateInMemory(chain)?.isSettled(slot);
  }

  private async exchangeOf(chain: ChainId): Promise<string | null> {
    const state = this.chains.stateInMemory(chain);
    if (state) return state.facts.exchange;
    try {
      return (await this.chains.listing(chain)).underlying.exchange;
    } catch (error) {
      this.log.warn(`${chainKey(chain)} cannot be collected: ${(error as Error).message}`);
      this.progressOf(chain).notBefore = this.clock.now() + RETRY_MAX_MS;
      return null;
    }
  }

  private start(chain: ChainId, exchange: string, use: CallUse): Promise<void> {
    // `TimeCheck` asks for the time until the clock is right; what came before that would not be stored.
    if (this.skew.message !== null) return Promise.resolve();
    // Since it was found due another caller may have captured it, or the server may have been told to stop.
    if (this.stopped || !this.lease.held || !this.wantsAnswer(chain)) return Promise.resolve();
    const slot = slotOf(this.clock.now());
    const demand = this.pinned.demand(this.underWay);
    if (!this.budget.mayCall(slot, use, demand)) return Promise.resolve();
    const token = this.tokens.current();
    const held = use === 'pinned' ? 0 : heldCalls(demand);
    if (!token || this.broker.budget(token, this.source.apiOf(exchange)) <= held) return Promise.resolve();
    this.budget.spend(slot, use);
    const key = chainKey(chain);
    const run = this.capture(token, chain).finally(() => this.underWay.delete(key));
    this.underWay.set(key, run);
    return run;
  }

  private async capture(token: BrokerToken, chain: ChainId): Promise<void> {
    const began = performance.now();
    const captureId = randomUUID().slice(0, 8);
    const slot = slotOf(this.clock.now());
    const progress = this.progressOf(chain);
    try {
      const state = await this.chains.open(chain, this.clock.now());
      const quote = await this.source.fetch(token, chain, state.facts.exchange);
      if (this.abandoned) return;
      if (!this.skew.trusted) throw new ClockDistrusted();
      const answered = performance.now();
      const recorded = await this.chains.record(chain, quote, this.clock.now());
      this.metrics.lastPublishMs = performance.now() - answered;
      if (recorded.outcome !== 'skipped') this.storage.clear();
      Object.assign(progress, { settled: recorded.slot, failures: 0, notBefore: 0 });
      const unsaid = progress.failureLines.over();
      if (unsaid !== null) this.log.warn(`capture ${chainKey(chain)} ${unsaid}`, { captureId });
      this.report(captureId, chain, recorded, performance.now() - began);
      if (recorded.outcome === 'captured') this.startBackfill(token, chain, progress);
    } catch (error) {
      if (!this.abandoned) this.failed(captureId, token, chain, slot, error, performance.now() - began);
    }
  }

  private report(captureId: string, chain: ChainId, recorded: Recorded, ms: number): void {
    this.metrics.captures[recorded.outcome] += 1;
    const line =
      `capture ${chainKey(chain)} slot=${istTime(recorded.slot).slice(0, 5)} legs=${recorded.legs} ` +
      `unknown=${recorded.unknownLegs} ms=${ms.toFixed(0)} outcome=${recorded.outcome}`;
    if (recorded.detail === null) this.log.log(line, { captureId });
    else this.log.warn(`${line} (${recorded.detail})`, { captureId });
  }

  private failed(
    captureId: string,
    token: BrokerToken,
    chain: ChainId,
    slot: Slot,
    error: unknown,
    ms: number,
  ): void {
    this.metrics.captures.failed += 1;
    this.storage.note(error);
    const progress = this.progressOf(chain);
    // The next answer says whether it was this one's date or the clock: that need not wait longer and longer.
    if (!(error instanceof ClockDistrusted)) progress.failures += 1;
    const wait = Math.min(RETRY_MS * 2 ** Math.max(0, progress.failures - 1), RETRY_MAX_MS);
    progress.notBefore = this.clock.now() + wait;
    // Said once, where the clock was found out, and on every screen.
    if (error instanceof ClockDistrusted && this.skew.message !== null) return;
    const known = error instanceof BrokerError;
    if (known && error.kind === 'token-dead') {
      this.tokens.markDead(token, error.message);
      progress.notBefore = 0;
    }
    const message = error instanceof Error ? error.message : String(error);
    const since = progress.failureLines.take(known ? error.kind : message, this.clock.now());
    if (since === null) return;
    const line = `capture ${chainKey(chain)} slot=${istTime(slot).slice(0, 5)} ms=${ms.toFixed(0)} outcome=failed${since}`;
    if (known) this.log.warn(`${line} (${error.kind}: ${message})`, { captureId });
    else if (error instanceof FenceLost || error instanceof ClockDistrusted)
      this.log.warn(`${line} (${message})`, { captureId });
    else
      this.log.error(`${line} (${message})`, error instanceof Error ? error.stack : undefined, { captureId });
  }

  private startBackfill(token: BrokerToken, chain: ChainId, progress: Progress): void {
    const now = this.clock.now();
    const state = this.chains.stateInMemory(chain);
    if (this.stopped || !state || this.backfill.isRunning(chain)) return;
    if (mustWait(progress.backfillNotBefore, now, BACKFILL_RETRY_MS)) return;
    if (this.backfill.missing(state, now).length === 0) return;
    progress.backfillNotBefore = now + BACKFILL_RETRY_MS;
    const run = this.backfill
      .run(chain, token, now)
      .then(() => undefined)
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof BrokerError && error.kind === 'token-dead') this.tokens.markDead(token, message);
        this.log.warn(
          `back-fill ${chainKey(chain)} failed, history starts with the first capture (${message})`,
        );
      })
      .finally(() => this.background.delete(run));
    this.background.add(run);
  }

  private progressOf(chain: ChainId): Progress {
    return this.progress.of(chain, this.clock.now());
  }
}

function useOf({ pinned, importance }: WantedChain): CallUse {
  if (pinned) return 'pinned';
  return importance === 2 ? 'left' : 'watched';
}

/** Whether `until` is still to come. Further ahead than the wait can be, it is left over from a clock that was wrong. */
function mustWait(until: EpochMs, now: EpochMs, longestMs: number): boolean {
  return until > now && until - now <= longestMs;
}
