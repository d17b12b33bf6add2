import { Inject, Injectable, Logger } from '@nestjs/common';
import { TokenPool } from '../auth/token-pool.js';
import { Clock } from '../clock/clock.js';
import { CollectorLease } from '../database/lease.js';
import { SECOND_MS, type EpochMs } from '../domain/units.js';
import { Broker } from '../upstox/broker.js';
import { ClockSkew } from '../upstox/clock-skew.js';
import { BrokerError } from '../upstox/errors.js';
import { CalendarService } from './calendar-service.js';

/** Not more often than this, whatever becomes of it. */
const ASK_EVERY_MS = 15 * SECOND_MS;
const EXCHANGES = ['NSE', 'MCX'];

/**
 * Asks the broker for the time, in market hours, when no answer has told it for long: while the clock is wrong nothing
 * is captured, and after a step back there is nothing to capture until the clock is where it was.
 */
@Injectable()
export class TimeCheck {
  private readonly log = new Logger(TimeCheck.name);
  private askedAt: EpochMs | null = null;
  private asking: Promise<void> | null = null;

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(ClockSkew) private readonly skew: ClockSkew,
    @Inject(Broker) private readonly broker: Broker,
    @Inject(TokenPool) private readonly tokens: TokenPool,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
    @Inject(CalendarService) private readonly calendar: CalendarService,
  ) {}

  /** Whether an answer is on its way. */
  get isAsking(): boolean {
    return this.asking !== null;
  }

  /** Asks when it is time to; resolves when that is answered. Never rejects. */
  tick(): Promise<void> {
    const now = this.clock.now();
    if (this.asking || !this.isDue(now)) return this.asking ?? Promise.resolve();
    this.askedAt = now;
    this.asking = this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private isDue(now: EpochMs): boolean {
    if (!this.lease.held || !this.skew.wantsAnswer(now)) return false;
    if (this.askedAt !== null && Math.abs(now - this.askedAt) < ASK_EVERY_MS) return false;
    return EXCHANGES.some((exchange) => this.calendar.openSession(exchange, now) !== null);
  }

  private async ask(): Promise<void> {
    const token = this.tokens.current();
    if (!token || this.broker.budget(token, 'market') < 1) return;
    try {
      await this.broker.marketStatus(token, 'NSE');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof BrokerError && error.kind === 'token-dead') this.tokens.markDead(token, message);
      this.log.debug(`the broker was asked for the time in vain (${message})`);
    }
  }
}
