import { istAt, istDate, istMidnight } from '../domain/slot.js';
import type { EpochMs, IsoDate } from '../domain/units.js';
import type { KnownContract } from './import-diff.js';
import { ImportRefused } from './import-report.js';
import type { MasterContract, MasterList } from './master-list.js';

/** When the broker has a new list and has dropped what expired, IST. */
export const LIST_TIME = '06:00';
const MAX_REFUSED_SHARE = 0.1;
const MIN_SIZE_SHARE = 0.1;
const MIN_TRADED_SHARE = 0.9;
/** So many contracts of an exchange may go overnight, however small its list: a strike or two can be a tenth of it. */
const FEW = 100;
const KEPT = 'The list in use was kept.';

/**
 * Refuses a file without contracts, or one of which more than a tenth is broken.
 * @param wanted exchanges that must be in it.
 * @throws ImportRefused
 */
export function refuseBroken(list: MasterList, wanted: readonly string[]): void {
  const { contracts, refused } = list;
  const share = refused.count / Math.max(1, contracts.length + refused.count);
  if (share > MAX_REFUSED_SHARE)
    throw new ImportRefused(
      'broken-rows',
      `The instrument file was refused: ${refused.count} of its ${contracts.length + refused.count} contracts are broken` +
        ` (the first: ${refused.samples[0]?.reason ?? 'unknown'}). Download it again. ${KEPT}`,
    );
  const missing = wanted.filter((exchange) => !list.exchanges().includes(exchange));
  if (contracts.length === 0 || missing.length > 0)
    throw new ImportRefused(
      'empty',
      `The instrument file has no contracts${missing.length > 0 ? ` of ${missing.join(', ')}` : ''}` +
        ` (${list.rows} rows were read). Check that it is the right file. ${KEPT}`,
    );
}

/**
 * Refuses a list that describes an earlier day than the one in use.
 * @param last what moment the list in use describes; `null` before the first import.
 * @throws ImportRefused
 */
export function refuseOlder(asOf: EpochMs, last: EpochMs | null): void {
  if (last === null || istDate(asOf) >= istDate(last)) return;
  throw new ImportRefused(
    'older',
    `The instrument file is of ${istDate(asOf)} at the latest, but the list in use is of ${istDate(last)}. ` +
      `Download today's file, or add --force to go back. ${KEPT}`,
  );
}

/**
 * Refuses a list that has lost more than nine tenths of an exchange's contracts since the last import, or more than a tenth,
 * and more than a few, of those that still trade: what has expired may be two fifths of it.
 * @param today the date of the list.
 * @throws ImportRefused
 */
export function refuseSmall(
  contracts: readonly MasterContract[],
  known: readonly KnownContract[],
  today: IsoDate,
): void {
  const trades = ({ expiry }: { readonly expiry: IsoDate }): boolean => expiry >= today;
  const listed = known.filter((one) => one.listed && one.instrumentKey !== null);
  const now = countBy(contracts.map((one) => one.underlying));
  for (const [exchange, before] of countBy(listed))
    if ((now.get(exchange) ?? 0) < before * MIN_SIZE_SHARE) throw tooSmall(exchange, now, before);
  const nowTraded = countBy(contracts.filter(trades).map((one) => one.underlying));
  for (const [exchange, before] of countBy(listed.filter(trades))) {
    const count = nowTraded.get(exchange) ?? 0;
    if (count < before * MIN_TRADED_SHARE && before - count > FEW)
      throw tooSmall(exchange, nowTraded, before);
  }
}

function tooSmall(exchange: string, now: ReadonlyMap<string, number>, before: number): ImportRefused {
  return new ImportRefused(
    'too-small',
    `The instrument file has only ${now.get(exchange) ?? 0} ${exchange} contracts, the list in use has ${before}. It is ` +
      `probably incomplete: download it again, or add --force if it is meant to be so small. ${KEPT}`,
  );
}

function countBy(items: readonly { exchange: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { exchange } of items) counts.set(exchange, (counts.get(exchange) ?? 0) + 1);
  return counts;
}

/** The earliest expiry of a list that is not empty. */
export function earliestExpiry(contracts: readonly MasterContract[]): IsoDate {
  return contracts.reduce((min, one) => (one.expiry < min ? one.expiry : min), '9999-12-31');
}

/** What moment a file of unknown age describes at the latest: now, or the morning of its earliest expiry. */
export function inferAsOf(contracts: readonly MasterContract[], now: EpochMs): EpochMs {
  const earliest = earliestExpiry(contracts);
  return istDate(now) > earliest ? istAt(earliest, LIST_TIME) : now;
}

/**
 * From when a new list holds. Lists change in the morning, before the markets open: the first list of a day holds for
 * all of it, a later one of the same day from when it was read.
 */
export function validFrom(asOf: EpochMs, last: EpochMs | null): EpochMs {
  const date = istDate(asOf);
  return last === null || istDate(last) < date ? istMidnight(date) : Math.max(asOf, last);
}
