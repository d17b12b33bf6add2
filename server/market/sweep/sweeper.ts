import { Inject, Injectable, Logger } from '@nestjs/common';
import { TokenPool } from '../../auth/token-pool.js';
import { Clock, doneWithin } from '../../clock/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { CollectorLease } from '../../database/lease.js';
import { chainKey } from '../../domain/contract.js';
import { slotOf } from '../../domain/slot.js';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Slot } from '../../domain/units.js';
import type { SweepStatus } from '../../protocol/index.js';
import { CalendarService } from '../../snapshot/calendar-service.js';
import { WantedChains } from '../../snapshot/wanted.js';
import { Broker, type BrokerQuote } from '../../upstox/broker.js';
import { ClockDistrusted, ClockSkew } from '../../upstox/clock-skew.js';
import { BrokerError } from '../../upstox/errors.js';
import { chooseSweep, type ChainNews, type SweepUnit } from './choose.js';
import { OwnCaptures } from './own-captures.js';
import type { PlannedChain, SweepPlan } from './plan.js';
import { MarketRecorder } from './recorder.js';
import { SlotSweep } from './slot-sweep.js';
import { SweepMetrics } from './sweep-metrics.js';
import { SweepPlanner } from './sweep-planner.js';
import { SweepSaver } from './sweep-saver.js';
import { idleStatus, offStatus, sweepStatus } from './sweep-status.js';

/** Calls of one slot at most: 2000 in 30 minutes less 15 % to spare, spread evenly, so that no half hour ends dry. */
export const CALLS_A_SLOT = Math.floor((2000 * 0.85) / 30);
/** A broker budget of this much is the burst of one second: the half hour is not what limits it. */
const BURST = 50;
/** Calls of a slot go out over so much of its minute, so that the last answers come before its end. */
const SPREAD_MS = 42 * SECOND_MS;
/** Watched chains are waited for until this second of the minute. */
const PATIENCE_MS = 50 * SECOND_MS;
const AT_ONCE = 4;

/** A sweep under way. */
interface Current {
  sweep: SlotSweep;
  status: SweepStatus;
  batches: SweepUnit[][];
  /** Batches sent so far. */
  sent: number;
  underWay: number;
  /** Chains that the collector captures. */
  apart: readonly PlannedChain[];
}

/** What the sweeper remembers of a chain. */
interface Asked {
  near: EpochMs;
  far: EpochMs;
  empty: number;
}

/** Quotes that came after the end of the minute they were asked in: they belong to the minute they came in. */
interface LateAnswer {
  quotes: ReadonlyMap<string, BrokerQuote>;
  at: EpochMs;
}

/**
 * Sweeps the near month of the whole market once a minute through the full-quotes path, within the broker's budget. A
 * call that fails costs what it asked for and nothing else.
 */
@Injectable()
export class Sweeper {
  private readonly log = new Logger(Sweeper.name);
  private readonly calls = new Set<Promise<void>>();
  private readonly asked = new Map<string, Asked>();
  private late: LateAnswer[] = [];
  private current: Current | null = null;
  private settled: Slot | null = null;
  private turn: Promise<void> | null = null;
  private stopped = false;
  private newest: SweepStatus;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Broker) private readonly broker: Broker,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(CalendarService) private readonly calendar: CalendarService,
    @Inject(WantedChains) private readonly wanted: WantedChains,
    @Inject(SweepPlanner) private readonly planner: SweepPlanner,
    @Inject(MarketRecorder) private readonly recorder: MarketRecorder,
    @Inject(OwnCaptures) private readonly own: OwnCaptures,
    @Inject(SweepMetrics) private readonly metrics: SweepMetrics,
    @Inject(SweepSaver) private readonly saver: SweepSaver,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
  ) {
    this.newest = config.marketSweep ? idleStatus(null) : offStatus();
  }

  /** What the sweep is doing. */
  status(): SweepStatus {
    return this.newest;
  }

  /**
   * Called about once a second: begins a slot, sends what is due of it, and settles it when all has come or its minute
   * is over. Resolves when there is nothing more to do at this moment; answers under way are not waited for.
   */
  async tick(): Promise<void> {
    // What another process sweeps by now is its own to store.
    if (!this.lease.held) this.current = null;
    if (this.stopped || !this.lease.held || !this.config.marketSweep || this.turn)
      return this.turn ?? undefined;
    this.turn = this.step().finally(() => (this.turn = null));
    return this.turn;
  }

  /** Resolves when the calls under way are answered. */
  async idle(): Promise<void> {
    await Promise.all(this.calls);
  }

  /** Sends no more calls, waits for those under way (so many ms of real time), and stores what has come. */
  async stop(patienceMs = Infinity): Promise<void> {
    this.stopped = true;
    await this.turn;
    await doneWithin(this.idle(), patienceMs);
    if (this.current) await this.settle(this.current);
  }

  private async step(): Promise<void> {
    const now = this.clock.now();
    const { current } = this;
    if (current && (current.sweep.slot !== slotOf(now) || this.isComplete(current, now)))
      await this.settle(current);
    else await this.saver.save();
    if (!this.current && this.settled !== slotOf(this.clock.now())) await this.begin();
    if (this.current) this.send(this.current);
  }

  private async begin(): Promise<void> {
    const now = this.clock.now();
    if (!this.tokens.state().hasToken) {
      this.newest = idleStatus('No valid broker token. Sign in to go on collecting.');
      return;
    }
    const plan = await this.planner.plan(now);
    if (!plan) {
      this.newest = idleStatus("The sweep waits for today's list of contracts.");
      return;
    }
    const open = plan.chains.filter(({ underlying }) => this.isOpen(underlying.exchange, now));
    if (open.length === 0) {
      this.newest = idleStatus(null);
      return;
    }
    await this.choose(plan, open, slotOf(now));
  }

  private async choose(plan: SweepPlan, open: readonly PlannedChain[], slot: Slot): Promise<void> {
    const session = await this.recorder.open(plan, this.clock.now());
    const wanted = new Set((await this.wanted.list()).map(({ chain }) => chainKey(chain)));
    // A watched chain that the collector cannot get is swept with the others.
    const apart = open.filter(
      ({ id }) => wanted.has(chainKey(id)) && (this.own.of(id)?.slot ?? 0) >= slot - 2 * MINUTE_MS,
    );
    const news = open
      .filter((planned) => !apart.includes(planned))
      .map((planned): ChainNews => {
        const { near, far, empty } = this.askedOf(planned);
        const { spot } = session.chain(planned.chain);
        const weight = session.oiOf(planned.chain) * (spot ?? 0);
        return { planned, spot, weight, empty, askedNear: near, askedFar: far };
      });
    const allowed = this.callsAllowed(apart);
    const choice = chooseSweep(news, allowed, slot);
    this.newest = sweepStatus(plan, choice, allowed);
    const sweep = new SlotSweep(plan, slot);
    this.current = { sweep, status: this.newest, batches: choice.batches, sent: 0, underWay: 0, apart };
    for (const { quotes, at } of this.late) if (slotOf(at) === slot) sweep.put(quotes, at);
    this.late = [];
  }

  /** Watched chains of MCX take their calls from the same budget. */
  private callsAllowed(apart: readonly PlannedChain[]): number {
    const token = this.tokens.current();
    // While the clock is wrong nothing that came would be stored.
    if (this.skew.message !== null) return 0;
    const budget = token ? this.broker.budget(token, 'quotes') : 0;
    const reserved = apart.filter(({ underlying }) => underlying.exchange === 'MCX').length;
    return Math.max(0, Math.min(budget >= BURST ? CALLS_A_SLOT : budget, CALLS_A_SLOT - reserved));
  }

  /** Sends the calls whose time has come. */
  private send(current: Current): void {
    const { batches, sweep } = current;
    while (current.sent < batches.length && current.underWay < AT_ONCE) {
      const due = sweep.slot + (SPREAD_MS * current.sent) / batches.length;
      if (this.stopped || this.clock.now() < due) return;
      if (!this.call(current, batches[current.sent]!)) return;
    }
  }

  /** @returns `false` when the budget or the sign-in does not allow a call now. */
  private call(current: Current, units: readonly SweepUnit[]): boolean {
    const token = this.tokens.current();
    if (!token || this.broker.budget(token, 'quotes') < 1) return false;
    current.sent += 1;
    current.underWay += 1;
    const keys = [...new Set(units.flatMap((unit) => unit.keys))];
    const call = this.broker
      .quotes(token, keys)
      .then(
        (quotes) =>
          this.skew.trusted
            ? this.answered(current, units, quotes)
            : this.failed(current, units, new ClockDistrusted()),
        (error: unknown) => {
          if (error instanceof BrokerError && error.kind === 'token-dead')
            this.tokens.markDead(token, error.message);
          this.failed(current, units, error);
        },
      )
      .finally(() => {
        current.underWay -= 1;
        this.calls.delete(call);
      });
    this.calls.add(call);
    return true;
  }

  private answered(
    { sweep }: Current,
    units: readonly SweepUnit[],
    quotes: ReadonlyMap<string, BrokerQuote>,
  ): void {
    this.metrics.calls.ok += 1;
    const at = this.clock.now();
    const slot = slotOf(at);
    for (const { chain, part } of units) {
      sweep.asked[chain] = 1;
      const asked = this.askedOf(sweep.plan.chains[chain]!);
      if (part !== 'far') asked.near = sweep.slot;
      if (part !== 'near') asked.far = sweep.slot;
    }
    if (this.current?.sweep.slot === slot) this.current.sweep.put(quotes, at);
    else this.late.push({ quotes, at });
  }

  private failed({ sweep }: Current, units: readonly SweepUnit[], error: unknown): void {
    this.metrics.calls.failed += 1;
    for (const { chain } of units) sweep.failed[chain] = 1;
    if (error instanceof ClockDistrusted && this.skew.message !== null) return;
    const message = error instanceof Error ? error.message : String(error);
    this.log.warn(`sweep: a call for ${units.length} chains failed (${message})`);
  }

  private isComplete(current: Current, now: EpochMs): boolean {
    if (current.sent < current.batches.length || current.underWay > 0) return false;
    const { slot } = current.sweep;
    return now >= slot + PATIENCE_MS || current.apart.every(({ id }) => this.own.of(id)?.slot === slot);
  }

  private async settle({ sweep, status, sent, batches }: Current): Promise<void> {
    this.current = null;
    this.settled = sweep.slot;
    this.countEmpty(sweep);
    await this.saver.add(sweep, status, `${sent}/${batches.length}`);
  }

  /** A chain that is asked for and never there is asked for less often: see `chooseSweep`. */
  private countEmpty(sweep: SlotSweep): void {
    for (const planned of sweep.plan.chains) {
      const { chain } = planned;
      if (sweep.asked[chain] !== 1 || sweep.failed[chain] === 1) continue;
      const asked = this.askedOf(planned);
      asked.empty = sweep.hasAnswer(chain) ? 0 : asked.empty + 1;
    }
  }

  private askedOf({ id }: PlannedChain): Asked {
    const key = chainKey(id);
    let asked = this.asked.get(key);
    if (!asked) this.asked.set(key, (asked = { near: -Infinity, far: -Infinity, empty: 0 }));
    return asked;
  }

  private isOpen(exchange: string, at: EpochMs): boolean {
    return this.calendar.openSession(exchange, at) !== null;
  }
}
