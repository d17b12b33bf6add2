import { TextDecoder } from 'node:util';
import { BrokerError } from './errors.js';

/** The largest JSON answer that is read; a 250-leg chain has 0.1 MB, a call of 500 quotes about 1 MB. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/**
 * Reads a body as UTF-8, at most `maxBytes` of it (counted after decompression, so that a small compressed body cannot
 * blow up).
 * @throws BrokerError bad-answer when it is larger or not UTF-8; the HTTP client's errors when the connection fails.
 */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  if (!response.body) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw badAnswer(`is larger than ${maxBytes / 1024 / 1024} MiB`, response.status);
    text += decode(decoder, chunk, response.status);
  }
  return text + decode(decoder, null, response.status);
}

/** @throws BrokerError bad-answer when `text` is not JSON, with a hint of what it is instead. */
export function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, so it is not passed on.
    const kind = text.trim() === '' ? 'is empty' : /^\s*</.test(text) ? 'is a web page' : 'is not whole JSON';
    throw badAnswer(kind, status);
  }
}

function decode(decoder: TextDecoder, chunk: Uint8Array | null, status: number): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch {
    throw badAnswer('is not UTF-8 text', status);
  }
}

function badAnswer(what: string, status: number): BrokerError {
  return new BrokerError('bad-answer', `The broker's answer ${what}`, null, status);
}
