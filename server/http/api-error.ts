import { HttpException } from '@nestjs/common';
import type { ErrorBody, ErrorCode } from '../protocol/index.js';

/** An error that a client is meant to see, as `{error: {code, message}}`. The message is for a trader. */
export class ApiError extends HttpException {
  override readonly name = 'ApiError';

  /**
   * @param status HTTP status, 400–599.
   * @param code for programs.
   * @param message plain words; no SQL, path, token or text from outside.
   */
  constructor(
    status: number,
    readonly code: ErrorCode,
    message: string,
  ) {
    const body: ErrorBody = { error: { code, message } };
    super(body, status);
    this.message = message;
  }
}
