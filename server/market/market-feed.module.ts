import { Module } from '@nestjs/common';
import { MarketFeed } from './market-feed.js';

/** One feed, shared by the sweep that publishes and by those who listen. */
@Module({ providers: [MarketFeed], exports: [MarketFeed] })
export class MarketFeedModule {}
