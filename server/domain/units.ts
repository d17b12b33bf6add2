/**
 * Units of the domain. Branded where two numbers of the same type must never be mixed.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** A minute in which a chain is captured: epoch milliseconds, always a multiple of 60,000. */
export type Slot = Branded<number, 'Slot'>;

/** A calendar date in India, `YYYY-MM-DD`. */
export type IsoDate = string;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** India has had one offset and no daylight saving since 1945. */
export const IST_OFFSET_MS = 19_800_000;
