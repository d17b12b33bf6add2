import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import type { MarketBoard, MarketFrame, MarketRow, MarketRows, SweepStatus } from '../../protocol/index.js';
import { MarketFeed } from '../market-feed.js';
import { Sweeper } from '../sweep/sweeper.js';
import { encodeMarket } from './frame-encoder.js';

type Listener = (frame: MarketFrame) => void;

const KIND_ORDER = { INDEX: 0, EQUITY: 1, COMMODITY: 2 } as const;

/** The rows of the market as screens see them: numbered, in a fixed order, packed once a pass for all who watch. */
@Injectable()
export class MarketBoards implements OnModuleInit, OnModuleDestroy {
  /** Frames packed since the start of the process. */
  framesEncoded = 0;
  private board: MarketBoard | null = null;
  private readonly listeners = new Set<Listener>();
  private end: () => void = () => undefined;

  constructor(
    @Inject(MarketFeed) private readonly feed: MarketFeed,
    @Inject(Sweeper) private readonly sweeper: Sweeper,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const latest = this.feed.latest();
    if (latest) this.take(latest);
    this.end = this.feed.onRows((rows) => this.take(rows));
  }

  onModuleDestroy(): void {
    this.end();
  }

  /** The newest board; `null` before the first pass. */
  current(): MarketBoard | null {
    return this.board;
  }

  /** What the sweep is doing now: it may have stopped since the newest board. */
  get sweep(): SweepStatus {
    return this.sweeper.status();
  }

  /** @returns a function that ends the subscription. */
  onFrame(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private take(rows: MarketRows): void {
    const before = this.board;
    const after = { ...rows, seq: before ? before.seq + 1 : this.firstSeq(), rows: inOrder(rows.rows) };
    const frame = encodeMarket(before, after);
    this.framesEncoded += 1;
    this.board = after;
    for (const listener of this.listeners) listener(frame);
  }

  /** Seconds: passes are minutes apart, so that a process that starts later counts on above the one before. */
  private firstSeq(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

/** Indices, stocks, commodities, each A–Z: an order that does not depend on how the sweep went. */
function inOrder(rows: readonly MarketRow[]): MarketRow[] {
  return [...rows].sort(
    (a, b) =>
      KIND_ORDER[a.kind] - KIND_ORDER[b.kind] ||
      compare(a.symbol, b.symbol) ||
      compare(a.exchange, b.exchange) ||
      compare(a.key, b.key),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
