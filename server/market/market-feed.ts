import { Injectable, Logger } from '@nestjs/common';
import type { MarketRows } from '../protocol/index.js';

type Listener = (rows: MarketRows) => void;

/**
 * Where the market's rows come out, after the minute that they are made of is committed. A listener that throws is
 * logged and stops neither the sweep nor the other listeners.
 */
@Injectable()
export class MarketFeed {
  private readonly log = new Logger(MarketFeed.name);
  private readonly listeners = new Set<Listener>();
  private newest: MarketRows | null = null;

  /** The newest rows; `null` before the first pass. */
  latest(): MarketRows | null {
    return this.newest;
  }

  /** @returns a function that ends the subscription. */
  onRows(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(rows: MarketRows): void {
    this.newest = rows;
    for (const listener of this.listeners) {
      try {
        listener(rows);
      } catch (error) {
        this.log.error(
          'A listener of the market feed failed',
          error instanceof Error ? error.stack : String(error),
        );
      }
    }
  }
}
