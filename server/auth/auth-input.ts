import { z } from 'zod';
import { ApiError } from '../http/api-error.js';
import { isSecretId } from './random-id.js';

const printable = (longest: number) =>
  z
    .string()
    .max(longest + 64)
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[\x21-\x7e]+$/);

export const loginBody = z.union([
  z.strictObject({ apiKey: printable(128), apiSecret: printable(128) }),
  z.strictObject({}),
]);

export const tokenBody = z.strictObject({ accessToken: printable(4096) });

export const passphraseBody = z.strictObject({ passphrase: z.string().min(1).max(256) });

/** Which sign-in the browser comes back from. */
export const callbackState = z.object({ state: z.string().refine(isSecretId) });

/** What the broker sends back with the browser; further parameters are ignored. */
export const callbackQuery = callbackState.extend({ code: printable(512) });

/**
 * @param message tells the person what to enter; nothing of the body is quoted.
 * @throws ApiError 400
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown, message: string): z.output<T> {
  const result = schema.safeParse(body ?? {});
  if (!result.success) throw new ApiError(400, 'bad-request', message);
  return result.data;
}
