import { MINUTE_MS, type Slot } from '../../domain/units.js';
import type { PlannedChain } from './plan.js';

/** Keys of one call of the full-quotes endpoint (more: UDAPI100042). */
export const KEYS_A_CALL = 500;
/** In a thinned sweep, strikes on either side of spot that come before the far ones. */
const NEAR_STRIKES = 10;
/** Share of a thinned sweep that goes to what comes first, each minute; the rest goes round among the others. */
const STEADY_SHARE = 2 / 3;
/** A chain that gave nothing three times in a row is asked for so often only: delisted, or not served. */
const COLD_AFTER = 3;
const COLD_EVERY_MS = 15 * MINUTE_MS;

const KIND_ORDER = { INDEX: 0, EQUITY: 1, COMMODITY: 2 } as const;

/** What is known of a chain when a sweep is chosen. */
export interface ChainNews {
  planned: PlannedChain;
  /** Rupees; `null` = unknown. */
  spot: number | null;
  /** Σ OI × spot of the last known legs: what decides among stocks. */
  weight: number;
  /** Sweeps in a row that gave nothing. */
  empty: number;
  /** When the near and the far strikes were last asked for, epoch ms; −Infinity = never. */
  askedNear: number;
  askedFar: number;
}

/** A chain, or a part of it, that is asked for as a whole. */
export interface SweepUnit {
  chain: number;
  part: 'whole' | 'near' | 'far';
  keys: readonly string[];
  lastAsked: number;
}

/** The calls of one sweep. */
export interface Choice {
  /** Each at most `KEYS_A_CALL` keys, in the order in which they are sent. */
  batches: SweepUnit[][];
  /** Calls that a whole sweep takes. */
  needed: number;
  isThinned: boolean;
}

/**
 * Chooses what is swept in a slot. With calls enough, every chain. Else in this order: the strikes near the money of
 * index chains, of stocks by the value of their OI, of commodities; then the far strikes in the same order. Two thirds
 * of the calls go to what comes first, each minute; the last third goes to those that have waited longest, so that
 * everything is swept every second, third … minute, and nothing starves.
 * @param news the chains that may be swept: watched ones are captured apart and are not among them.
 */
export function chooseSweep(news: readonly ChainNews[], calls: number, slot: Slot): Choice {
  const ranked = [...news].sort(byRank);
  const due = ranked.filter((one) => one.empty < COLD_AFTER || isColdDue(one, slot));
  const whole = packUnits(due.map((one) => unitOf(one, 'whole')));
  if (whole.length <= calls) return { batches: whole, needed: whole.length, isThinned: false };
  const units = (['near', 'far'] as const).flatMap((part) => due.map((one) => unitOf(one, part)));
  const batches = packUnits(thin(units, calls)).slice(0, calls);
  return { batches, needed: whole.length, isThinned: true };
}

function isColdDue(news: ChainNews, slot: Slot): boolean {
  return slot - news.askedNear >= COLD_EVERY_MS;
}

function byRank(a: ChainNews, b: ChainNews): number {
  const kind = KIND_ORDER[a.planned.underlying.kind] - KIND_ORDER[b.planned.underlying.kind];
  if (kind !== 0) return kind;
  if (a.planned.underlying.kind === 'INDEX' && a.planned.isNearest !== b.planned.isNearest)
    return a.planned.isNearest ? -1 : 1;
  return b.weight - a.weight || (a.planned.underlying.symbol < b.planned.underlying.symbol ? -1 : 1);
}

function unitOf(news: ChainNews, part: SweepUnit['part']): SweepUnit {
  const { planned, askedNear, askedFar } = news;
  const near = part === 'whole' ? null : nearStrikes(news);
  const keys = planned.keys.filter(({ strike }) => {
    const isNear = strike === null || near === null || near.has(strike);
    return part === 'far' ? !isNear : isNear;
  });
  const lastAsked = part === 'far' ? askedFar : askedNear;
  return { chain: planned.chain, part, keys: keys.map(({ key }) => key), lastAsked };
}

/** The strikes around spot; `null` = all, where spot is not known. */
function nearStrikes({ planned, spot }: ChainNews): ReadonlySet<number> | null {
  if (spot === null) return null;
  const strikes = [...new Set(planned.keys.flatMap(({ strike }) => strike ?? []))];
  strikes.sort((a, b) => Math.abs(a - spot) - Math.abs(b - spot) || a - b);
  return new Set(strikes.slice(0, 2 * NEAR_STRIKES + 1));
}

/** The units that fit: by rank, then by how long they have waited. */
function thin(units: readonly SweepUnit[], calls: number): SweepUnit[] {
  const some = units.filter((unit) => unit.keys.length > 0);
  const steady = fill(some, Math.floor(calls * STEADY_SHARE) * KEYS_A_CALL);
  const rest = some.filter((unit) => !steady.includes(unit)).sort((a, b) => a.lastAsked - b.lastAsked);
  const left = calls * KEYS_A_CALL - steady.reduce((sum, unit) => sum + unit.keys.length, 0);
  return [...steady, ...fill(rest, left)];
}

function fill(units: readonly SweepUnit[], keys: number): SweepUnit[] {
  let left = keys;
  const end = units.findIndex((unit) => (left -= unit.keys.length) < 0);
  return units.slice(0, end < 0 ? units.length : end);
}

/**
 * Puts units into as few calls as come of taking each into the first one with room (first fit): a chain stays in one
 * call, so that a failed one costs whole chains and no halves. Longer chains are cut.
 */
export function packUnits(units: readonly SweepUnit[]): SweepUnit[][] {
  const batches: { units: SweepUnit[]; room: number }[] = [];
  for (const unit of units.flatMap(cut)) {
    let batch = batches.find(({ room }) => room >= unit.keys.length);
    if (!batch) batches.push((batch = { units: [], room: KEYS_A_CALL }));
    batch.units.push(unit);
    batch.room -= unit.keys.length;
  }
  return batches.map((batch) => batch.units);
}

function cut(unit: SweepUnit): SweepUnit[] {
  const pieces: SweepUnit[] = [];
  for (let i = 0; i < unit.keys.length; i += KEYS_A_CALL)
    pieces.push({ ...unit, keys: unit.keys.slice(i, i + KEYS_A_CALL) });
  return pieces;
}
