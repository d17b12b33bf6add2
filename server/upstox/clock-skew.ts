import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { istTime } from '../domain/slot.js';
import { SECOND_MS, type EpochMs } from '../domain/units.js';

/** Beyond this, what is captured at a minute's edge would stand under another minute than the broker's, ms. */
export const SKEW_LIMIT_MS = 20 * SECOND_MS;
/** Differences as small as this are measuring noise, and so much below the limit the clock counts as right again, ms. */
const NOISE_MS = 5 * SECOND_MS;
/** Without an answer for so long somebody should ask; sooner while the clock is wrong, as it may be set at any moment, ms. */
const ASK_AFTER_MS = 60 * SECOND_MS;
const ASK_SOON_MS = 15 * SECOND_MS;
/** The median of so many answers decides: one from a machine whose clock is wrong raises no alarm. */
const SAMPLES = 3;
/** The header has whole seconds, cut off: on the average the broker's clock is half of one ahead of it. */
const HALF_SECOND_MS = 500;

/** One answer of the broker, by the clock of this server. */
export interface AnswerTimes {
  /** The `Date` header; `null` where there is none. */
  readonly date: string | null;
  readonly sentAt: EpochMs;
  /** When the headers were there. */
  readonly receivedAt: EpochMs;
}

/**
 * How far the broker's clock is from this computer's, measured from the `Date` header of its answers less half of their
 * round trip. A clock that is wrong by minutes would put every capture under a minute that is not the broker's, beside
 * candles that are: while it is, no answer may be stored.
 *
 * Times are of the server's clock, so a demo at any rate shows none. A clock that was set on purpose (CLOCK_START,
 * CLOCK_RATE) is measured and not judged: it is not meant to be the broker's.
 */
@Injectable()
export class ClockSkew {
  private readonly log = new Logger('Clock');
  private readonly judges: boolean;
  private samples: number[] = [];
  private heardAt: EpochMs | null = null;
  private alarmed = false;

  constructor(@Inject(CONFIG) config: { readonly clock: Pick<Config['clock'], 'start' | 'rate'> }) {
    this.judges = config.clock.start === null && config.clock.rate === 1;
  }

  /** Measures and never judges: for a client on a clock that is not meant to be the broker's. */
  static ofNobody(): ClockSkew {
    return new ClockSkew({ clock: { start: 0, rate: 1 } });
  }

  /** Broker's clock minus this one, the median of the newest answers, ms; `null` while nothing is known. */
  get ms(): number | null {
    const sorted = [...this.samples].sort((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1] ?? null;
  }

  /** Whether the newest answer came at the time that this clock says: only then does it belong to the minute under way. */
  get trusted(): boolean {
    return !this.judges || Math.abs(this.samples.at(-1) ?? 0) <= this.limit;
  }

  /** For the person at the screen, with what to do; `null` while the clock is right or nothing is known. */
  get message(): string | null {
    if (!this.alarmed) return null;
    const { ms } = this;
    if (ms === null) return null;
    return `This computer's clock is ${amount(ms)} ${ms > 0 ? 'behind' : 'ahead of'} the broker's. Set the clock (turn on its synchronisation): nothing is collected until it is right, as every minute would be a wrong one.`;
  }

  /** Takes the times of an answer. One without a date, or too slow to tell, changes nothing. */
  note({ date, sentAt, receivedAt }: AnswerTimes): void {
    const told = date === null ? NaN : Date.parse(date);
    const roundTrip = receivedAt - sentAt;
    // A clock that is set while an answer is under way makes a round trip of minutes, or one below nothing.
    if (Number.isNaN(told) || roundTrip < 0 || roundTrip / 2 > NOISE_MS) return;
    const skew = told + HALF_SECOND_MS - (sentAt + receivedAt) / 2;
    this.heardAt = receivedAt;
    this.samples = [...this.samples, skew].slice(-SAMPLES);
    this.judge(receivedAt);
  }

  /** Whether the broker should be asked for the time: known once, and not heard of for long, or the clock was set back. */
  wantsAnswer(now: EpochMs): boolean {
    if (!this.judges || this.heardAt === null) return false;
    const since = now - this.heardAt;
    return since < -NOISE_MS || since >= (this.alarmed || !this.trusted ? ASK_SOON_MS : ASK_AFTER_MS);
  }

  private get limit(): number {
    return this.alarmed ? SKEW_LIMIT_MS - NOISE_MS : SKEW_LIMIT_MS;
  }

  private judge(now: EpochMs): void {
    const { ms } = this;
    if (!this.judges || ms === null) return;
    const isBeyond = Math.abs(ms) > this.limit;
    if (isBeyond === this.alarmed) return;
    this.alarmed = isBeyond;
    if (isBeyond) this.log.warn(`${this.message} It says ${istTime(now)}, the broker ${istTime(now + ms)}.`);
    else this.log.warn("This computer's clock agrees with the broker's again: collection goes on.");
  }
}

/** `3 min`, `45 s` */
function amount(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / SECOND_MS);
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** An answer that is not stored, as the clock that its minute would be read from is wrong. */
export class ClockDistrusted extends Error {
  constructor() {
    super(
      "the answer's Date is far from this computer's clock, so its minute is not known: it is not stored, and asked for again",
    );
  }
}
