import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { MINUTE_MS } from '../domain/units.js';
import { ApiError } from '../http/api-error.js';

export const SIGN_IN_ATTEMPTS_PER_MINUTE = 20;

/** Sign-in attempts per address in a fixed window of one minute. Forgets all addresses when the window ends. */
@Injectable()
export class SignInLimiter {
  private window = Number.NaN;
  private readonly attempts = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /**
   * Counts an attempt.
   * @param address of the socket's other end.
   * @throws ApiError 429 above the limit.
   */
  attempt(address: string): void {
    const window = Math.floor(this.clock.now() / MINUTE_MS);
    if (window !== this.window) this.attempts.clear();
    this.window = window;
    const count = (this.attempts.get(address) ?? 0) + 1;
    this.attempts.set(address, count);
    if (count > SIGN_IN_ATTEMPTS_PER_MINUTE)
      throw new ApiError(429, 'too-many-requests', 'Too many sign-in attempts. Please wait a minute.');
  }
}
