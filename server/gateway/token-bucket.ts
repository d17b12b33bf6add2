const monotonicMs = (): number => performance.now();

/** Lets `burst` events through at once and `perSecond` of them in the long run. */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = monotonicMs,
  ) {
    this.tokens = burst;
    this.at = now();
  }

  /** @returns `false` when the event is one too many. */
  take(): boolean {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
