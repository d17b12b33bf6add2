import { z } from 'zod';
import type { BrokerHoliday, BrokerProfile, ExchangeTiming, OAuthGrant } from './broker.js';
import { BrokerError } from './errors.js';
import { safeText } from './wording.js';

/*
 * The small answers. Objects are loose: fields that we do not use may come, go and change; those that we use may not.
 * Chain, quotes and candles are judged cell by cell in their mappers.
 */

const LATEST_DATE_MS = 8.64e15;
const word = z.string().min(1).max(64);
const isoDate = z.iso.date();
/** Epoch ms; some endpoints send it as a string of digits. */
const epochMs = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().positive().max(LATEST_DATE_MS));

const timing = z
  .object({ exchange: word, start_time: epochMs, end_time: epochMs })
  .refine((t) => t.start_time < t.end_time, 'ends before it starts')
  .transform((t): ExchangeTiming => ({ exchange: t.exchange, start: t.start_time, end: t.end_time }));

/** `data` of `GET /v2/market/timings/{date}`; empty on a full holiday. */
export const timingsSchema = z.array(timing);

/** `data` of `GET /v2/market/holidays`. */
export const holidaysSchema = z.array(
  z
    .object({
      date: isoDate,
      description: z.string().nullish(),
      holiday_type: word,
      closed_exchanges: z.array(word).nullish(),
      open_exchanges: z.array(timing).nullish(),
    })
    .transform((h): BrokerHoliday => ({
      date: h.date,
      description: safeText(h.description ?? ''),
      type: h.holiday_type,
      closedExchanges: h.closed_exchanges ?? [],
      openExchanges: h.open_exchanges ?? [],
    })),
);

/** `data` of `GET /v2/market/status/{exchange}`. */
export const marketStatusSchema = z.object({ status: word }).transform((s) => s.status);

const person = z.object({ user_id: word, user_name: z.string().nullish() });

/** `data` of `GET /v2/user/profile`. */
export const profileSchema = person.transform((p): BrokerProfile => ({
  userId: p.user_id,
  userName: safeText(p.user_name ?? ''),
}));

/** The answer of the token endpoint, which has no envelope. */
export const grantSchema = person
  .extend({ access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/) })
  .transform((g): OAuthGrant => ({
    accessToken: g.access_token,
    userId: g.user_id,
    userName: safeText(g.user_name ?? ''),
  }));

/**
 * Checks `value` against `schema`.
 * @param what names the answer in the message, such as "The profile".
 * @throws BrokerError bad-answer that names the first field at fault and never its value.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = safeText(issue?.path.map(String).join('.') ?? '');
  throw new BrokerError('bad-answer', `${what} is not in the broker's shape${path ? ` (at ${path})` : ''}`);
}
