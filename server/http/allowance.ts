import { HttpStatus } from '@nestjs/common';
import type { Response } from 'express';
import { ApiError } from './api-error.js';
import { TokenBucket } from './token-bucket.js';

/** Askers that are remembered; beyond, the one that asked longest ago begins anew. */
const MOST = 20_000;

/** So many requests at once, and so many a second in the long run, for each asker. */
export class Allowance {
  /** By asker, the one that asked longest ago first. */
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now?: () => number,
  ) {}

  /**
   * Counts a request.
   * @throws ApiError 429 when it is one too many; `Retry-After` of the answer then says when to come back, s.
   */
  take(asker: string, response: Pick<Response, 'setHeader'>): void {
    const bucket = this.buckets.get(asker) ?? new TokenBucket(this.burst, this.perSecond, this.now);
    this.buckets.delete(asker);
    this.buckets.set(asker, bucket);
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= MOST) break;
      this.buckets.delete(oldest);
    }
    if (bucket.take()) return;
    const seconds = Math.max(1, Math.ceil(bucket.waitMs() / 1000));
    response.setHeader('Retry-After', String(seconds));
    throw new ApiError(
      HttpStatus.TOO_MANY_REQUESTS,
      'too-many-requests',
      `Too many requests. Wait ${seconds} s, then go on, ${this.perSecond} a second at most. Screens need no requests: they get each change pushed.`,
    );
  }
}
