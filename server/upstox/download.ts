import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { Readable } from 'node:stream';
import { errorOfAnswer, errorOfNetwork, errorOfRedirect } from './error-mapping.js';
import { BrokerError } from './errors.js';
import { USER_AGENT } from './version.js';

export interface DownloadLimits {
  /** Real ms until the headers are in. */
  readonly headersMs: number;
  /** Real ms without a byte. */
  readonly idleMs: number;
  /** Real ms for the whole body. */
  readonly totalMs: number;
}

export interface Download {
  readonly body: NodeJS.ReadableStream;
  /** `Content-Length`, `null` where the server names none. */
  readonly bytes: number | null;
}

/**
 * Opens a file as a stream of the bytes as they are on the server. By node:http and not fetch, which would unpack a
 * .gz file by itself where the server labels it `Content-Encoding: gzip`.
 * @throws BrokerError before the body, and as the stream's error when it breaks off, stalls or drips.
 */
export async function openFile(url: string, limits: DownloadLimits): Promise<Download> {
  const response = await openResponse(url, limits);
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    response.resume();
    response.destroy();
    throw statusError(status);
  }
  const length = response.headers['content-length'];
  const bytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
  return { body: Readable.from(chunks(response, limits.totalMs), { objectMode: false }), bytes };
}

function openResponse(url: string, limits: DownloadLimits): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet;
    const request = get(url, { headers: { 'User-Agent': USER_AGENT, 'Accept-Encoding': 'identity' } });
    const late = setTimeout(
      () => request.destroy(errorOfNetwork(undefined, limits.headersMs)),
      limits.headersMs,
    );
    request.setTimeout(limits.idleMs, () => request.destroy(errorOfNetwork(undefined, limits.idleMs)));
    request.on('error', (error) => {
      clearTimeout(late);
      reject(errorOfNetwork(error, null));
    });
    request.on('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
  });
}

async function* chunks(response: IncomingMessage, totalMs: number): AsyncGenerator<Uint8Array> {
  const over = setTimeout(() => response.destroy(errorOfNetwork(undefined, totalMs)), totalMs);
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw errorOfNetwork(error, null);
  } finally {
    clearTimeout(over);
  }
}

function statusError(status: number): BrokerError {
  if (status >= 300 && status < 400) return errorOfRedirect(status);
  return errorOfAnswer({ status, json: undefined, retryAfterMs: null, withToken: false, secrets: [] });
}
