import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { MINUTE_MS } from '../domain/units.js';
import { ApiError } from '../http/api-error.js';

const HOUR_MS = 60 * MINUTE_MS;

/** Passphrases that are checked in any one hour: of one address, and of all addresses together. */
export const GUESSES_AN_HOUR_PER_ADDRESS = 10;
export const GUESSES_AN_HOUR = 100;

/**
 * Counts wrong guesses of the one passphrase over a sliding hour. The total holds off a guesser with many addresses;
 * the price, that viewers who sign in during an attack must wait, is paid on purpose: broker sign-ins go on.
 */
@Injectable()
export class GuessLimiter {
  private guesses: { readonly at: number; readonly address: string }[] = [];

  constructor(private readonly clock: Clock) {}

  /**
   * Takes a guess; call it before the passphrase is looked at.
   * @returns what gives the guess back when it was right.
   * @throws ApiError 429 above a limit: that guess must not be checked.
   */
  take(address: string): () => void {
    const now = this.clock.now();
    this.guesses = this.guesses.filter(({ at }) => at > now - HOUR_MS && at <= now);
    const own = this.guesses.filter((guess) => guess.address === address).length;
    if (own >= GUESSES_AN_HOUR_PER_ADDRESS || this.guesses.length >= GUESSES_AN_HOUR)
      throw new ApiError(
        429,
        'too-many-requests',
        'Too many wrong passphrases. Please wait an hour, or sign in with Upstox.',
      );
    const guess = { at: now, address };
    this.guesses.push(guess);
    return () => {
      this.guesses = this.guesses.filter((one) => one !== guess);
    };
  }
}
