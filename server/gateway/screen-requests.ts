import { HttpException, Injectable, Logger } from '@nestjs/common';
import { ApiError } from '../http/api-error.js';
import { TokenBucket } from '../http/token-bucket.js';
import type { WireError } from '../protocol/index.js';
import type { TrackerSocket } from './screen-socket.js';

/** Events a socket may send: a person opens a chain now and then; a loop is cut. */
const EVENT_BURST = 30;
const EVENTS_A_SECOND = 5;
const DENIALS_BEFORE_CUT = 60;

export type Answer<A> = (answer: A | { ok: false; error: WireError }) => void;

/** A screen's allowance of events. */
export const allowance = (): TokenBucket => new TokenBucket(EVENT_BURST, EVENTS_A_SECOND);

/** The way in for what screens ask: counted, and every failure answered. */
@Injectable()
export class ScreenRequests {
  private readonly log = new Logger('Gateway');

  /** Runs a request of a screen, if it has not asked too often; whatever it throws is answered, if anybody listens. */
  guarded<A>(socket: TrackerSocket, ack: unknown, work: (answer: Answer<A>) => Promise<void>): void {
    const answer: Answer<A> = typeof ack === 'function' ? (ack as Answer<A>) : () => undefined;
    if (!this.mayAsk(socket)) {
      answer({
        ok: false,
        error: { code: 'too-many-requests', message: 'Too many requests. Wait a moment.' },
      });
      return;
    }
    work(answer).catch((error: unknown) => answer({ ok: false, error: this.wireError(error) }));
  }

  /** Counts an event of a screen and of its sign-in. A screen that goes on though it is refused is cut off. */
  mayAsk(socket: TrackerSocket): boolean {
    const { data } = socket;
    if (data.bucket.take() && data.share.takeEvent()) return true;
    data.denials += 1;
    if (data.denials >= DENIALS_BEFORE_CUT) socket.disconnect(true);
    return false;
  }

  private wireError(error: unknown): WireError {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
    if (error instanceof HttpException) return { code: 'bad-request', message: error.message };
    this.log.error('A request of a screen failed', error instanceof Error ? error.stack : String(error));
    return { code: 'internal', message: 'The server could not do that; its log says why. Try again.' };
  }
}
