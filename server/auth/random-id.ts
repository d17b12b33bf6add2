import { hash, randomBytes } from 'node:crypto';

/** @returns 256 random bits as 43 characters of base64url. */
export function newSecretId(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether a value has the form of `newSecretId()`: anything else is not worth a look into the database. */
export function isSecretId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/**
 * SHA-256 in hex, under which secret ids are stored. A fast hash is right here: the ids have 256 bits, so that nobody
 * can try them out.
 */
export function hashOf(id: string): string {
  return hash('sha256', id);
}
