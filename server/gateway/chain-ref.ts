import { z } from 'zod';

/** A chain as a screen names it. Strict: nothing but the two names passes. */
export const chainRefSchema = z.strictObject({
  underlying: z.string().min(1).max(100),
  expiry: z.iso.date(),
});
