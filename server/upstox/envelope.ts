import { type BrokerCall, secretsOf } from './call.js';
import { errorOfAnswer, isRecord } from './error-mapping.js';
import { BrokerError } from './errors.js';

/**
 * `data` of the broker's envelope `{status, data}`.
 * @throws BrokerError as for a failed answer when the status is `error`, which comes with HTTP 200 too; bad-answer
 * when it is no envelope.
 */
export function dataOf(json: unknown, call: Pick<BrokerCall<unknown>, 'token' | 'secrets'>): unknown {
  if (isRecord(json)) {
    if (json.status === 'success' || json.status === 'partial_success') return json.data;
    if (json.status === 'error') throw disguisedError(json, call);
  }
  throw new BrokerError('bad-answer', "The broker's answer is not in its usual envelope");
}

/** @throws BrokerError when an answer that has no envelope is an error envelope after all. */
export function refuseDisguisedError(
  json: unknown,
  call: Pick<BrokerCall<unknown>, 'token' | 'secrets'>,
): void {
  if (isRecord(json) && json.status === 'error') throw disguisedError(json, call);
}

function disguisedError(
  json: Record<string, unknown>,
  call: Pick<BrokerCall<unknown>, 'token' | 'secrets'>,
): BrokerError {
  return errorOfAnswer({
    status: 200,
    json,
    retryAfterMs: null,
    withToken: call.token !== null,
    secrets: secretsOf(call),
  });
}
