import type { ContractType } from '../domain/contract.js';
import type { IsoDate } from '../domain/units.js';
import { ContractMap, type ContractIdentity } from './contract-map.js';
import type { MasterContract } from './master-list.js';

/** A contract as the database has it, with the key that is valid now. */
export interface KnownContract {
  id: number;
  underlyingId: number;
  underlyingKey: string;
  exchange: string;
  expiry: IsoDate;
  strike: number;
  type: ContractType;
  lotSize: number | null;
  weekly: boolean | null;
  tradingSymbol: string | null;
  futureKey: string | null;
  listed: boolean;
  instrumentKey: string | null;
}

/** A contract of the new list and the underlying row it belongs to. */
export interface NewContract {
  underlyingId: number;
  contract: MasterContract;
}

/** A known contract that the new list has too. */
export interface KeptContract {
  known: KnownContract;
  contract: MasterContract;
}

/** What has to be written, and the counts of the report. */
export interface ImportDiff {
  added: NewContract[];
  /** Known but no longer listed, and in the list again. */
  relisted: KeptContract[];
  gone: KnownContract[];
  /** Another key than before, or the first one. */
  rekeyed: KeptContract[];
  /** Another lot size than before, or the first one. */
  lotChanged: KeptContract[];
  /** Lot, weekly mark, trading symbol or future changed. */
  updated: KeptContract[];
  counts: {
    added: number;
    expired: number;
    moved: number;
    rekeyed: number;
    reusedKeys: number;
    lotChanged: number;
  };
}

/**
 * Compares the listed contracts with a new list, by identity: underlying, expiry, strike, type.
 * @param today the date of the list: a contract that has expired by then was not moved, its key was re-used.
 */
export function diffContracts(
  known: readonly KnownContract[],
  list: readonly NewContract[],
  today: IsoDate,
): ImportDiff {
  if (known.length === 0) return everythingNew(list);
  const byIdentity = new ContractMap<KnownContract>();
  for (const one of known) byIdentity.set(one, one);
  const diff = emptyDiff();
  for (const item of list) {
    const match = byIdentity.take(identityOf(item.contract));
    if (match === undefined) diff.added.push(item);
    else compare(diff, { known: match, contract: item.contract });
  }
  for (const left of byIdentity.values()) if (left.listed) diff.gone.push(left);
  diff.counts.lotChanged = diff.lotChanged.filter((pair) => pair.known.lotSize !== null).length;
  countKeys(diff, known, today);
  return diff;
}

function identityOf({ underlying, expiry, strike, type }: MasterContract): ContractIdentity {
  return { underlyingKey: underlying.key, expiry, strike, type };
}

/** The first list of a database has nothing to be compared with. */
function everythingNew(list: readonly NewContract[]): ImportDiff {
  const { counts, ...diff } = emptyDiff();
  return { ...diff, added: [...list], counts: { ...counts, added: list.length } };
}

function emptyDiff(): ImportDiff {
  const counts = { added: 0, expired: 0, moved: 0, rekeyed: 0, reusedKeys: 0, lotChanged: 0 };
  return { added: [], relisted: [], gone: [], rekeyed: [], lotChanged: [], updated: [], counts };
}

function compare(diff: ImportDiff, pair: KeptContract): void {
  const { known, contract } = pair;
  if (!known.listed) diff.relisted.push(pair);
  if (known.instrumentKey !== contract.instrumentKey) diff.rekeyed.push(pair);
  if (known.lotSize !== contract.lotSize) diff.lotChanged.push(pair);
  const same =
    known.lotSize === contract.lotSize &&
    known.weekly === contract.weekly &&
    known.tradingSymbol === contract.tradingSymbol &&
    known.futureKey === contract.futureKey;
  if (!same) diff.updated.push(pair);
}

/** Tells what happened to the keys: a contract moved, got another key, or a key was re-used for something else. */
function countKeys(diff: ImportDiff, known: readonly KnownContract[], today: IsoDate): void {
  const { counts } = diff;
  const holders = new Map<string, KnownContract>();
  for (const one of known) if (one.listed && one.instrumentKey !== null) holders.set(one.instrumentKey, one);
  for (const item of diff.added) {
    const before = holders.get(item.contract.instrumentKey);
    if (before === undefined) continue;
    if (!isMove(before, item, today)) counts.reusedKeys += 1;
    else {
      counts.moved += 1;
      if (before.lotSize !== item.contract.lotSize) counts.lotChanged += 1;
    }
  }
  let first = 0;
  for (const { known: one, contract } of diff.rekeyed) {
    if (one.listed && one.instrumentKey !== null) counts.rekeyed += 1;
    else first += 1;
    if (holders.has(contract.instrumentKey)) counts.reusedKeys += 1;
  }
  counts.added = diff.added.length - counts.moved + first;
  counts.expired = diff.gone.length - counts.moved;
}

/** The same key, underlying, strike and side, only with another date, while the old date has not passed. */
function isMove(before: KnownContract, item: NewContract, today: IsoDate): boolean {
  return (
    before.underlyingId === item.underlyingId &&
    before.strike === item.contract.strike &&
    before.type === item.contract.type &&
    before.expiry >= today
  );
}
