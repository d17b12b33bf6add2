import { crc32 } from 'node:zlib';

const SEAL = /^[0-9a-f]{8}$/;

/** Text with the CRC-32 of its UTF-8 bytes before it, eight hex digits: a bit that flips on disk is noticed. */
export function seal(text: string): string {
  return crc32(text).toString(16).padStart(8, '0') + text;
}

/**
 * The text of a sealed one. JSON objects from before there were seals pass as they are.
 * @returns `null` when it was changed since it was sealed.
 */
export function unseal(sealed: string): string | null {
  if (sealed.startsWith('{')) return sealed;
  const [checksum, text] = [sealed.slice(0, 8), sealed.slice(8)];
  return SEAL.test(checksum) && crc32(text) === parseInt(checksum, 16) ? text : null;
}
