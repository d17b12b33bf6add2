const monotonicMs = (): number => performance.now();

/** Lets `burst` events through at once and `perSecond` of them in the long run. */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private burst: number,
    private perSecond: number,
    private readonly now: () => number = monotonicMs,
  ) {
    this.tokens = burst;
    this.at = now();
  }

  /** @returns `false` when the event is one too many. */
  take(): boolean {
    this.refill();
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** How long until `take` lets one through, ms; 0 = now. */
  waitMs(): number {
    this.refill();
    return this.tokens >= 1 ? 0 : ((1 - this.tokens) / this.perSecond) * 1000;
  }

  /** From now on so much more (or less) at once and in the long run. What is more can be had at once. */
  widen(burst: number, perSecond: number): void {
    this.refill();
    this.burst += burst;
    this.perSecond += perSecond;
    this.tokens = Math.min(this.burst, this.tokens + Math.max(0, burst));
  }

  private refill(): void {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
  }
}
