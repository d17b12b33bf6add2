/** Whether this browser can unpack what the server deflated. */
export const canUnpack = typeof DecompressionStream === 'function';

/**
 * What came in an answer: as it is, or unpacked where the server sent its JSON deflated (zlib, RFC 1950).
 * @throws when the bytes are damaged, or are no JSON
 */
export async function unpacked<T>(value: T | ArrayBuffer): Promise<T> {
  if (!(value instanceof ArrayBuffer)) return value;
  const json = new Blob([value]).stream().pipeThrough(new DecompressionStream('deflate'));
  return (await new Response(json).json()) as T;
}
