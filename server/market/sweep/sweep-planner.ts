import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { IsoDate } from '../../domain/units.js';
import { istDate } from '../../domain/slot.js';
import type { EpochMs } from '../../domain/units.js';
import {
  InstrumentsService,
  type ChainListing,
  type ListedContract,
} from '../../instruments/instruments.service.js';
import type { ExpiryInfo, UnderlyingInfo } from '../../protocol/index.js';
import { SnapshotStore } from '../../snapshot/snapshot-store.js';
import { MinuteStore } from '../minutes/minute-store.js';
import {
  CALL,
  FUTURE,
  PUT,
  SPOT,
  universeOf,
  type ChainOfUniverse,
  type Universe,
} from '../minutes/universe.js';
import { nearestFutures, type NearFuture } from './futures.js';
import type { PlannedChain, SweepPlan } from './plan.js';

/** Underlyings that are known from a recorded day only: the broker has no keys for them. */
const IMPORTED = 'IMPORTED|';

/** A chain before the order of the universe is known. */
interface Draft {
  id: { underlying: string; expiry: IsoDate };
  underlying: UnderlyingInfo;
  isNearest: boolean;
  chain: ChainOfUniverse;
  /** One a leg; `null` = no key is valid, so the leg is not asked for. */
  keys: (string | null)[];
}

/**
 * Says what the near month is: for every underlying the nearest expiry and, where that is a weekly one, the nearest
 * monthly too. Contracts go by their identity; the keys are those that are valid at the time.
 */
@Injectable()
export class SweepPlanner {
  private readonly log = new Logger(SweepPlanner.name);
  private made: { of: string; plan: SweepPlan } | null = null;

  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(SnapshotStore) private readonly snapshots: SnapshotStore,
    @Inject(MinuteStore) private readonly minutes: MinuteStore,
  ) {}

  /**
   * The plan of the day, made anew on a new day and after an import.
   * @returns `null` while the instrument list of today is not there: keys mean other contracts overnight.
   */
  async plan(now: EpochMs): Promise<SweepPlan | null> {
    const { state, asOf } = this.instruments.status();
    if (asOf === null || state === 'importing' || this.instruments.needsImport(now)) return null;
    const of = `${istDate(now)} ${asOf}`;
    if (this.made?.of === of) return this.made.plan;
    const plan = await this.make(now);
    this.made = { of, plan };
    const { chains, universe } = plan;
    this.log.log(`sweep plan: ${chains.length} chains, ${universe.sides.length} legs`);
    return plan;
  }

  private async make(now: EpochMs): Promise<SweepPlan> {
    const today = istDate(now);
    const futures = await nearestFutures(this.db, today);
    const drafts: Draft[] = [];
    for (const { underlying, near } of await this.nearMonths(today)) {
      for (const expiry of near) {
        const listing = await this.instruments.chain(underlying.key, expiry);
        if (!listing) continue;
        const future = expiry === near.at(-1) ? futures.get(listing.underlying.id) : undefined;
        drafts.push(await this.draft(underlying, listing, expiry === near[0], future ?? null, now));
      }
    }
    // By the chain's number, so that the same contracts make the same universe whatever the order of the list.
    drafts.sort((a, b) => a.chain.chainId - b.chain.chainId);
    const universe = await this.minutes.universe(universeOf(drafts.map(({ chain }) => chain)), now);
    return planOf(today, universe, drafts);
  }

  /** The near month of every underlying; each of its chains has a number afterwards. */
  private async nearMonths(today: IsoDate): Promise<{ underlying: UnderlyingInfo; near: IsoDate[] }[]> {
    const months: { underlying: UnderlyingInfo; near: IsoDate[] }[] = [];
    for (const underlying of await this.instruments.underlyings(today)) {
      if (underlying.key.startsWith(IMPORTED)) continue;
      months.push({ underlying, near: nearMonth(await this.instruments.expiries(underlying.key, today)) });
    }
    const chains = months.flatMap(({ underlying, near }) =>
      near.map((expiry) => ({ underlying: underlying.key, expiry })),
    );
    // One transaction, not one a chain.
    await this.snapshots.numberChains(chains);
    return months;
  }

  private async draft(
    underlying: UnderlyingInfo,
    listing: ChainListing,
    isNearest: boolean,
    future: NearFuture | null,
    now: EpochMs,
  ): Promise<Draft> {
    const id = { underlying: underlying.key, expiry: listing.expiry };
    const legs = listing.contracts.map((contract) => optionLeg(contract));
    const keys = listing.contracts.map((contract) => this.instruments.keyAt(contract, now));
    if (future) {
      legs.push({ contractId: future.contractId, strike: 0, side: FUTURE, lot: future.lotSize ?? 1 });
      keys.push(future.key);
    }
    legs.push({ contractId: 0, strike: 0, side: SPOT, lot: 1 });
    keys.push(spotKey(underlying, listing.contracts));
    return { id, underlying, isNearest, keys, chain: { chainId: await this.snapshots.chainId(id), legs } };
  }
}

/** The nearest expiry and, where that is a weekly one, the nearest that is not. */
export function nearMonth(expiries: readonly ExpiryInfo[]): IsoDate[] {
  const nearest = expiries[0];
  if (!nearest) return [];
  const monthly = nearest.weekly === true ? expiries.find(({ weekly }) => weekly === false) : undefined;
  return monthly ? [nearest.expiry, monthly.expiry] : [nearest.expiry];
}

function optionLeg(contract: ListedContract): ChainOfUniverse['legs'][number] & object {
  const side = contract.side === 'call' ? CALL : PUT;
  return { contractId: contract.id, strike: contract.strike, side, lot: contract.lotSize ?? 1 };
}

/** MCX has no spot: its options settle into a future, whose price takes its place. */
function spotKey(underlying: UnderlyingInfo, contracts: readonly ListedContract[]): string | null {
  if (underlying.exchange !== 'MCX') return underlying.key;
  return contracts.find(({ futureKey }) => futureKey !== null)?.futureKey ?? null;
}

function planOf(date: IsoDate, universe: Universe, drafts: readonly Draft[]): SweepPlan {
  const legsByKey = new Map<string, number[]>();
  const chainOfLeg = new Int32Array(universe.sides.length);
  const chains = drafts.map((draft, chain): PlannedChain => {
    const start = universe.chainStart[chain]!;
    const keys = draft.keys.flatMap((key, i) => {
      const leg = start + i;
      chainOfLeg[leg] = chain;
      if (key === null) return [];
      legsByKey.set(key, [...(legsByKey.get(key) ?? []), leg]);
      return [{ key, strike: universe.sides[leg]! <= PUT ? universe.strikes[leg]! : null }];
    });
    const { id, underlying, isNearest } = draft;
    return { chain, id, underlying, isNearest, keys: unique(keys) };
  });
  return { date, universe, chains, legsByKey, chainOfLeg };
}

/** On MCX the future of a chain may be its spot too: one key, asked for once. */
function unique<T extends { key: string }>(keys: readonly T[]): T[] {
  return [...new Map(keys.map((one) => [one.key, one])).values()];
}
