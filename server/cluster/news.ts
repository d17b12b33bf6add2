import { z } from 'zod';

const chain = { underlying: z.string().min(1).max(100), expiry: z.iso.date() };

/**
 * What processes tell each other over Redis. Each is a hint that the database has something new, never the thing
 * itself: one that is lost, late, repeated or forged costs a look into the database and nothing else.
 */
const newsSchema = z.discriminatedUnion('kind', [
  /** A chain has a new table. */
  z.strictObject({ kind: z.literal('chain'), ...chain }),
  /** Somebody has opened a chain: the collector may capture it at once. */
  z.strictObject({ kind: z.literal('watch'), ...chain }),
  /** The market page has new rows. */
  z.strictObject({ kind: z.literal('market') }),
  /** A sign-in has ended; its sockets elsewhere must end, too. */
  z.strictObject({
    kind: z.literal('session'),
    idHash: z.string().regex(/^[0-9a-f]{64}$/),
    code: z.enum(['signed-out', 'expired', 'revoked']),
  }),
  /** Broker tokens came or went. */
  z.strictObject({ kind: z.literal('tokens') }),
]);

export type News = z.infer<typeof newsSchema>;

const envelopeSchema = z.strictObject({ v: z.literal(1), from: z.string().max(200), news: newsSchema });
export type Envelope = z.infer<typeof envelopeSchema>;

/** No message is longer. */
export const MAX_NEWS_BYTES = 2_048;

export function encodeNews(from: string, news: News): string {
  return JSON.stringify({ v: 1, from, news } satisfies Envelope);
}

/** @returns `null` for anything but a message of this version. */
export function parseNews(text: string): Envelope | null {
  if (text.length > MAX_NEWS_BYTES) return null;
  try {
    const parsed = envelopeSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
