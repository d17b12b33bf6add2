import type { Clock } from '../clock/clock.js';
import { type BrokerCall, secretsOf } from './call.js';
import { errorOfAnswer, errorOfNetwork, errorOfRedirect } from './error-mapping.js';
import { BrokerError } from './errors.js';
import { MAX_JSON_BYTES, parseJson, readText } from './json-body.js';
import { retryAfterMs } from './retry-after.js';
import { USER_AGENT } from './version.js';

/** Error bodies are short; of longer ones (web pages) nothing is used. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Bearer tokens are visible ASCII (RFC 6750); others cannot be sent as a header. */
const TOKEN_FORM = /^[\x21-\x7e]{1,8192}$/;

/**
 * One try of one call over HTTP, answer and mapping included.
 * @param limitMs real time for the whole of it, the body too, so that a dripping body ends as well.
 * @throws BrokerError and nothing else.
 */
export async function send<T>(call: BrokerCall<T>, limitMs: number, clock: Clock): Promise<T> {
  if (call.token !== null && !TOKEN_FORM.test(call.token))
    throw new BrokerError('token-dead', 'The access token holds characters that no token has; sign in again');
  const { text, status } = await download(call, limitMs, clock);
  return call.read(parseJson(text, status));
}

/** Sends the call and reads the whole body of a 2xx answer. */
async function download(
  call: BrokerCall<unknown>,
  limitMs: number,
  clock: Clock,
): Promise<{ text: string; status: number }> {
  const abort = new AbortController();
  let timedOut: number | null = null;
  const timer = setTimeout(() => {
    timedOut = limitMs;
    abort.abort();
  }, limitMs);
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: headers(call),
      body: call.form ?? null,
      redirect: 'manual',
      signal: abort.signal,
    });
    if (!response.ok) throw await errorOf(response, call, clock);
    return { text: await readText(response, MAX_JSON_BYTES), status: response.status };
  } catch (error) {
    throw errorOfNetwork(error, timedOut);
  } finally {
    clearTimeout(timer);
    // Frees the connection where the body was left unread.
    abort.abort();
  }
}

async function errorOf(response: Response, call: BrokerCall<unknown>, clock: Clock): Promise<BrokerError> {
  const { status } = response;
  if (status >= 300 && status < 400) return errorOfRedirect(status);
  return errorOfAnswer({
    status,
    json: await errorBody(response),
    retryAfterMs: retryAfterMs(response.headers, clock.now()),
    withToken: call.token !== null,
    secrets: secretsOf(call),
  });
}

function headers(call: BrokerCall<unknown>): Record<string, string> {
  return {
    Accept: 'application/json',
    'User-Agent': USER_AGENT,
    ...(call.token === null ? {} : { Authorization: `Bearer ${call.token}` }),
  };
}

/** The JSON of an error, `undefined` where it is none: the status then speaks for itself. */
async function errorBody(response: Response): Promise<unknown> {
  try {
    return parseJson(await readText(response, MAX_ERROR_BYTES), response.status);
  } catch {
    return undefined;
  }
}
