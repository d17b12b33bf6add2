import type { MarketBoard, MarketFrame } from '../../server/protocol/index.js';

export declare function encodeMarketFrame(from: MarketBoard, to: MarketBoard): MarketFrame;
