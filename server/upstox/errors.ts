/** What a caller does next follows from the kind: each error of the broker client is one of these. */
export type BrokerErrorKind =
  /** 401: the token is dead. Stop using it and ask for a sign-in. */
  | 'token-dead'
  /** 429 or our own pacing: back off. */
  | 'throttled'
  /** Network, time-out, 5xx: try again later. */
  | 'unreachable'
  /** Answered, but not in the broker's shape: HTML, broken JSON, wrong types. Nothing of it is used. */
  | 'bad-answer'
  /** The broker understood and said no (bad key, bad date, wrong credentials). Trying again is useless. */
  | 'refused';

export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  /**
   * @param message for a trader; holds no token, secret, code or URL query.
   * @param code the broker's code such as `UDAPI100050`, where it gave one.
   */
  constructor(
    readonly kind: BrokerErrorKind,
    message: string,
    readonly code: string | null = null,
    readonly status: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The broker, or our own pacing ahead of it, lets no further call through for now. */
export class BrokerThrottled extends BrokerError {
  /**
   * @param retryAfterMs until calls are let through again, in ms of the server's clock; `null` when nobody knows.
   * @param code the broker's code, `null` when our own pacing said no before the broker could.
   */
  constructor(
    message: string,
    readonly retryAfterMs: number | null,
    code: string | null = null,
    status: number | null = null,
  ) {
    super('throttled', message, code, status);
  }
}
