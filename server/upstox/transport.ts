import type { Clock } from '../clock/clock.js';
import { type BrokerCall, secretsOf } from './call.js';
import type { AnswerTimes, ClockSkew } from './clock-skew.js';
import { errorOfAnswer, errorOfNetwork, errorOfRedirect } from './error-mapping.js';
import { BrokerError } from './errors.js';
import { MAX_JSON_BYTES, parseJson, readText } from './json-body.js';
import type { Deadline } from './retry.js';
import { retryAfterMs } from './retry-after.js';
import { USER_AGENT } from './version.js';

/** Error bodies are short; of longer ones (web pages) nothing is used. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Bearer tokens are visible ASCII (RFC 6750); others cannot be sent as a header. */
const TOKEN_FORM = /^[\x21-\x7e]{1,8192}$/;

/** What ends a try that is not answered, the body's download included, so that a dripping body ends as well. */
export interface TryLimits {
  /** Real time for this try. */
  readonly tryMs: number;
  /** What is left to the call with all its tries. */
  readonly deadline: Deadline;
}

/**
 * One try of one call over HTTP, answer and mapping included.
 * @throws BrokerError and nothing else; where time was up, its message names the limit that came first.
 */
export async function send<T>(
  call: BrokerCall<T>,
  limits: TryLimits,
  clock: Clock,
  skew: ClockSkew,
): Promise<T> {
  if (call.token !== null && !TOKEN_FORM.test(call.token))
    throw new BrokerError('token-dead', 'The access token holds characters that no token has; sign in again');
  const { text, status, times } = await download(call, limits, clock);
  const result = call.read(parseJson(text, status));
  // Of good answers only: the clock of whoever else answers in the broker's place proves nothing.
  skew.note(times);
  return result;
}

/** Sends the call and reads the whole body of a 2xx answer. */
async function download(
  call: BrokerCall<unknown>,
  { tryMs, deadline }: TryLimits,
  clock: Clock,
): Promise<{ text: string; status: number; times: AnswerTimes }> {
  const abort = new AbortController();
  let timedOut: number | null = null;
  const end = (afterMs: number): void => {
    timedOut ??= afterMs;
    abort.abort();
  };
  const onDeadline = (): void => end(deadline.ms);
  deadline.signal.addEventListener('abort', onDeadline, { once: true });
  if (deadline.isOver) onDeadline();
  const timer = setTimeout(() => end(tryMs), tryMs);
  try {
    const sentAt = clock.now();
    const response = await fetch(call.url, {
      method: call.method,
      headers: headers(call),
      body: call.form ?? null,
      redirect: 'manual',
      signal: abort.signal,
    });
    const times = { date: response.headers.get('date'), sentAt, receivedAt: clock.now() };
    if (!response.ok) throw await errorOf(response, call, clock);
    return { text: await readText(response, MAX_JSON_BYTES), status: response.status, times };
  } catch (error) {
    throw errorOfNetwork(error, timedOut);
  } finally {
    clearTimeout(timer);
    deadline.signal.removeEventListener('abort', onDeadline);
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
