import { expectedSlots, type Session } from '../domain/calendar.js';
import { slotAdd, slotOf } from '../domain/slot.js';
import type { CaptureSource } from '../domain/snapshot.js';
import { MINUTE_MS, type EpochMs, type Slot } from '../domain/units.js';
import type { SlotCounts } from '../protocol/index.js';
import type { ChainState } from './chain-state.js';

/** What is known of the slots of one chain in one session. */
export interface SlotRecord {
  /** Stored slots, ascending. */
  slots: readonly { slot: Slot; source: CaptureSource }[];
  refused: readonly Slot[];
  unknownLegs: number;
  /** The slot from which it was to be collected in the session; `null` when it was not. */
  since: Slot | null;
}

/**
 * Counts the slots of a chain up to `upTo`, from the one from which it was to be collected, or an earlier one that was
 * captured, refused or back-filled: what came before was not to be collected, so nothing was missed then. The slot under
 * way counts once something came of it.
 */
export function countSlots(record: SlotRecord, session: Session | null, upTo: EpochMs): SlotCounts {
  const backfilled = record.slots.filter((one) => one.source === 'backfill').length;
  const captured = record.slots.length - backfilled;
  const refused = record.refused.length;
  const seen = [...record.slots.map((one) => one.slot), ...record.refused];
  const counts = { captured, refused, backfilled, unknownLegs: record.unknownLegs };
  const first = Math.min(...seen, record.since ?? Infinity);
  if (first === Infinity) return { ...counts, expected: 0, missed: 0 };
  const expected = expectedFrom(first, Math.max(first - MINUTE_MS, ...seen), session, upTo);
  return { ...counts, expected, missed: Math.max(0, expected - new Set(seen).size) };
}

/**
 * Shares what is known of a day out to its sessions. A slot after the close of one belongs to it until the next begins; one
 * before the open belongs to the first.
 * @returns one part a session, in their order; a single one without a session on a day that has none
 */
export function bySession<S extends { slot: Slot }>(
  sessions: readonly Session[],
  day: { slots: readonly S[]; refused: readonly Slot[] },
): { session: Session | null; slots: S[]; refused: Slot[] }[] {
  if (sessions.length === 0) return [{ session: null, slots: [...day.slots], refused: [...day.refused] }];
  return sessions.map((session, i) => {
    const from = i === 0 ? -Infinity : session.start;
    const to = sessions[i + 1]?.start ?? Infinity;
    const within = (slot: Slot): boolean => slot >= from && slot < to;
    const slots = day.slots.filter(({ slot }) => within(slot));
    return { session, slots, refused: day.refused.filter(within) };
  });
}

/** The counts of two sessions of one day together. */
export function sumOfCounts(a: SlotCounts, b: SlotCounts): SlotCounts {
  return {
    expected: a.expected + b.expected,
    captured: a.captured + b.captured,
    refused: a.refused + b.refused,
    backfilled: a.backfilled + b.backfilled,
    missed: a.missed + b.missed,
    unknownLegs: a.unknownLegs + b.unknownLegs,
  };
}

interface Counted {
  /** All that the counts follow from, but for the slots: those only become more. */
  readonly from: readonly (number | null | undefined)[];
  readonly counts: Readonly<SlotCounts>;
}

/** The newest counts of each history: everybody who comes within a minute is told the same. */
const counted = new WeakMap<ChainState['history'], Counted>();

/** The same of a chain in memory. @param session that of its newest slot */
export function countsInMemory(
  { history, tally }: Pick<ChainState, 'history' | 'tally'>,
  session: Session | null,
  since: Slot | null,
  now: EpochMs,
): Readonly<SlotCounts> {
  const { refused, unknownLegs } = tally;
  const from = [history.size, unknownLegs, since, session?.start, session?.end, slotOf(now), ...refused];
  const known = counted.get(history);
  if (known && known.from.length === from.length && from.every((one, i) => one === known.from[i]))
    return known.counts;
  const slots = history
    .slots()
    .map((slot) => ({ slot, source: history.at(slot)?.source ?? ('live' as const) }));
  const counts = countSlots({ slots, ...tally, since }, session, now);
  counted.set(history, { from, counts });
  return counts;
}

/** @param last of which anything is known; the one before `first` when nothing is */
function expectedFrom(first: EpochMs, last: EpochMs, session: Session | null, upTo: EpochMs): number {
  const begun = slotOf(upTo);
  const until = last >= begun ? begun : slotAdd(begun, -1);
  const within = (last - first) / MINUTE_MS + 1;
  if (!session) return within;
  const clipped = { start: Math.max(first, session.start), end: session.end };
  return Math.max(within, expectedSlots(clipped, until));
}

/** Runs of expected slots of which nothing is known, as inclusive from–to pairs. */
export function gapsOf(
  record: SlotRecord,
  session: Session | null,
  upTo: EpochMs,
): { from: Slot; to: Slot }[] {
  const seen = [...new Set([...record.slots.map((one) => one.slot), ...record.refused])].sort(
    (a, b) => a - b,
  );
  // As if something were known of the slot before the first that is expected.
  if (record.since !== null && !(seen[0]! < record.since)) seen.unshift(slotAdd(record.since, -1));
  const gaps: { from: Slot; to: Slot }[] = [];
  for (let i = 1; i < seen.length; i++)
    if (seen[i]! - seen[i - 1]! > MINUTE_MS)
      gaps.push({ from: slotAdd(seen[i - 1]!, 1), to: slotAdd(seen[i]!, -1) });
  const last = seen.at(-1);
  if (last === undefined || !session) return gaps;
  const end = Math.min(slotAdd(slotOf(upTo), -1), slotOf(session.end - 1));
  if (end > last) gaps.push({ from: slotAdd(last, 1), to: end as Slot });
  return gaps;
}
