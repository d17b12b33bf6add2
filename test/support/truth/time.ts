/** The checker's own time arithmetic. All of it in epoch ms; India is UTC+5:30 all year. */

export const MINUTE = 60_000;
const DAY = 86_400_000;
const IST = 5.5 * 3_600_000;
/** 09:15 IST, the start of the session in equity derivatives. */
const OPENING = (9 * 60 + 15) * MINUTE;

/** The minute in which a moment lies. */
export const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE;

/**
 * Where the session of a slot starts: 09:15 of its day. What comes after the close still belongs to it; what comes
 * before 09:15 belongs to no session, so it may only look back to midnight.
 */
export function sessionStart(slot: number): number {
  const midnight = Math.floor((slot + IST) / DAY) * DAY - IST;
  return slot >= midnight + OPENING ? midnight + OPENING : midnight;
}

/** `HH:MM` in India, for messages. */
export const clock = (at: number): string => new Date(at + IST).toISOString().slice(11, 16);
