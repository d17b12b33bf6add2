import { Inject, Injectable } from '@nestjs/common';
import { MarketBoards } from '../market/board/market-boards.js';
import type { MarketUnwatchAck, MarketWatchAck } from '../protocol/index.js';
import { ReadyAnswers } from './fan-out-answer.js';
import { FanOut } from './fan-out.js';
import { ScreenRequests } from './screen-requests.js';
import type { TrackerSocket } from './screen-socket.js';

const ROOM = 'market';

/** The room of the market page: everybody in it gets each frame, packed once. */
@Injectable()
export class MarketRoom {
  constructor(
    @Inject(MarketBoards) private readonly boards: MarketBoards,
    @Inject(FanOut) private readonly fanOut: FanOut,
    @Inject(ReadyAnswers) private readonly answers: ReadyAnswers,
    @Inject(ScreenRequests) private readonly requests: ScreenRequests,
  ) {}

  /** @returns a function that ends the pushes. */
  open(): () => void {
    return this.boards.onFrame((frame) => this.fanOut.push(ROOM, 'market:change', frame));
  }

  /** A screen opens the market page. */
  watch(socket: TrackerSocket, ack: unknown): void {
    this.requests.guarded<MarketWatchAck>(socket, ack, async (answer) => {
      // No await between joining and the answer: a push that came in between would be a gap.
      void socket.join(ROOM);
      const board = this.boards.current();
      const told = { ok: true as const, sweep: this.boards.sweep };
      if (board) this.answers.send(socket, answer, told, 'board', board);
      else answer({ ...told, board });
    });
  }

  /** A screen leaves the market page. */
  unwatch(socket: TrackerSocket, ack: unknown): void {
    this.requests.guarded<MarketUnwatchAck>(socket, ack, async (answer) => {
      await socket.leave(ROOM);
      answer({ ok: true });
    });
  }
}
