import { HttpException } from '@nestjs/common';
import type { ErrorCode } from '../protocol/index.js';
import { BrokerError, type BrokerErrorKind } from '../upstox/errors.js';
import { ApiError } from './api-error.js';

const BAD_REQUEST: [ErrorCode, string] = ['bad-request', 'The request is not in the expected form.'];

const BY_STATUS: Record<number, [ErrorCode, string]> = {
  400: BAD_REQUEST,
  401: ['sign-in-needed', 'Please sign in.'],
  403: ['forbidden', 'That is not allowed.'],
  404: ['not-found', 'There is nothing at this address.'],
  405: ['bad-request', 'That cannot be done at this address.'],
  413: ['payload-too-large', 'The request is too large.'],
  415: ['bad-request', 'The request body must be JSON.'],
  429: ['too-many-requests', 'Too many requests. Please wait a moment.'],
};

const BY_BROKER_KIND: Record<BrokerErrorKind, [number, ErrorCode]> = {
  'token-dead': [401, 'sign-in-needed'],
  throttled: [503, 'broker-unreachable'],
  unreachable: [503, 'broker-unreachable'],
  'bad-answer': [502, 'broker-unreachable'],
  refused: [502, 'broker-refused'],
};

/**
 * What a client is told about an error: only texts that were written for clients. Messages of the framework and of
 * parsers quote the request, those of the database quote SQL: none of them leaves the server.
 */
export function errorAnswer(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof BrokerError) return new ApiError(...BY_BROKER_KIND[error.kind], error.message);
  const status = statusOf(error);
  const known = status === null ? undefined : BY_STATUS[status];
  if (status !== null && known !== undefined) return new ApiError(status, ...known);
  if (status !== null && status >= 400 && status < 500) return new ApiError(400, ...BAD_REQUEST);
  return new ApiError(500, 'internal', 'Something went wrong on the server.');
}

/** Status of a framework or body-parser error; null where the error has none and is thus unexpected. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('status' in error) || !('expose' in error)) return null;
  return typeof error.status === 'number' ? error.status : null;
}
