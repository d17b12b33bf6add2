import { BrokerError, BrokerThrottled } from './errors.js';
import { safeCode, safeText } from './wording.js';

/** What the broker says in an error body; nulls where the body is not its JSON. */
interface BrokerWords {
  readonly code: string | null;
  readonly message: string;
  readonly isBrokers: boolean;
}

/** The facts about a failed answer. `json` is undefined when the body is none. */
export interface FailedAnswer {
  readonly status: number;
  readonly json: unknown;
  readonly retryAfterMs: number | null;
  /** The call carried a token, so that a 401 is about the token. */
  readonly withToken: boolean;
  readonly secrets: readonly string[];
}

const TOKEN_INVALID = 'UDAPI100050';
const TOKEN_KIND_NOT_ALLOWED = 'UDAPI100067';
const TOO_MANY_REQUESTS = 'UDAPI10005';
const SERVER_FAULT = 'UDAPI100500';

/**
 * The error for an answer that is not a success: by the broker's code first, then by the HTTP status. The same codes
 * come with HTTP 200 and `status: "error"`, so the status alone decides nothing that a code decides.
 */
export function errorOfAnswer(answer: FailedAnswer): BrokerError {
  const words = brokerWords(answer.json, answer.secrets);
  const { status } = answer;
  if (status === 429 || words.code === TOO_MANY_REQUESTS)
    return new BrokerThrottled(
      'The broker asks for a pause: too many calls',
      answer.retryAfterMs,
      words.code,
      status,
    );
  if (words.code === TOKEN_KIND_NOT_ALLOWED)
    return refused('This kind of token is not allowed to read this; sign in with another', words, status);
  if (answer.withToken && (status === 401 || words.code === TOKEN_INVALID))
    return new BrokerError(
      'token-dead',
      'The broker no longer accepts the access token; sign in again',
      words.code,
      status,
    );
  if (status >= 500 || status === 408 || words.code === SERVER_FAULT)
    return new BrokerError(
      'unreachable',
      `The broker's server has a fault (HTTP ${status})`,
      words.code,
      status,
    );
  if (status === 403 && !words.isBrokers)
    return new BrokerError(
      'unreachable',
      "The broker's front end blocks this machine (HTTP 403)",
      null,
      status,
    );
  return refused('The broker refused the request', words, status);
}

/** A redirect is not followed: the token must not travel to another host. */
export function errorOfRedirect(status: number): BrokerError {
  return new BrokerError(
    'bad-answer',
    `The broker's address answers with a redirect (HTTP ${status}), which is not followed`,
    null,
    status,
  );
}

/**
 * The error for a call that got no whole answer. The original error is not kept as `cause`: its text may hold the
 * header with the token or the address with its query.
 */
export function errorOfNetwork(error: unknown, timedOutAfterMs: number | null): BrokerError {
  if (error instanceof BrokerError) return error;
  if (timedOutAfterMs !== null)
    return new BrokerError(
      'unreachable',
      `The broker did not answer within ${(timedOutAfterMs / 1000).toFixed(1)} s`,
    );
  const code = systemCode(error);
  if (code && /^(Z_|ERR__ERROR_FORMAT|HPE_|UND_ERR_RES_CONTENT_LENGTH)/.test(code))
    return new BrokerError('bad-answer', `The broker's answer is damaged (${code})`);
  return new BrokerError('unreachable', `The broker cannot be reached${code ? ` (${code})` : ''}`);
}

function refused(sentence: string, words: BrokerWords, status: number): BrokerError {
  const said = words.message ? `: "${words.message}"` : '';
  const code = words.code ?? `HTTP ${status}`;
  return new BrokerError('refused', `${sentence}${said} (${code})`, words.code, status);
}

/** Reads `{errors: [{errorCode | error_code, message}]}`; the camelCase name is deprecated, both are sent. */
function brokerWords(json: unknown, secrets: readonly string[]): BrokerWords {
  const none = { code: null, message: '', isBrokers: false };
  if (!isRecord(json) || !Array.isArray(json.errors)) return none;
  const first: unknown = json.errors[0];
  if (!isRecord(first)) return { ...none, isBrokers: true };
  const message = typeof first.message === 'string' ? safeText(first.message, secrets) : '';
  const code = safeCode(first.error_code, secrets) ?? safeCode(first.errorCode, secrets);
  return { code, message, isBrokers: true };
}

/** The system's or the HTTP client's error code, such as ECONNREFUSED, from the error or what caused it. */
function systemCode(error: unknown): string | null {
  for (let e: unknown = error, depth = 0; isRecord(e) && depth < 4; e = e.cause, depth++)
    if (typeof e.code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(e.code)) return e.code;
  return null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
