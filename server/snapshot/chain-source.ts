import { Inject, Injectable } from '@nestjs/common';
import type { ChainId } from '../domain/contract.js';
import type { ChainQuote, LegQuote, StrikeQuote } from '../domain/snapshot.js';
import { InstrumentsService, type ChainListing } from '../instruments/instruments.service.js';
import { Broker, type BrokerApi, type BrokerQuote, type BrokerToken } from '../upstox/broker.js';

/** Keys of one call of the full-quotes endpoint. */
const QUOTES_A_CALL = 500;

/**
 * Fetches a whole chain. NSE and BSE have an endpoint for it; MCX has none, so its chains are put together from full
 * quotes, with the future that the options settle into as spot.
 */
@Injectable()
export class ChainSource {
  constructor(
    @Inject(Broker) private readonly broker: Broker,
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
  ) {}

  /** The API, and so the rate limit, that a chain of this exchange is fetched through. */
  apiOf(exchange: string): BrokerApi {
    return exchange === 'MCX' ? 'quotes' : 'option-chain';
  }

  /** @throws BrokerError */
  async fetch(token: BrokerToken, chain: ChainId, exchange: string): Promise<ChainQuote> {
    if (this.apiOf(exchange) === 'option-chain')
      return this.broker.optionChain(token, chain.underlying, chain.expiry);
    const listing = await this.instruments.chain(chain.underlying, chain.expiry);
    return listing ? this.fromQuotes(token, listing) : { spot: null, strikes: [] };
  }

  /**
   * Key of the instrument whose price is the chain's spot: the underlying, or on MCX, which has none that could be
   * quoted, the future. `null` where the list names no future.
   */
  async spotKey(chain: ChainId, exchange: string): Promise<string | null> {
    if (this.apiOf(exchange) === 'option-chain') return chain.underlying;
    const listing = await this.instruments.chain(chain.underlying, chain.expiry);
    return listing && futureOf(listing);
  }

  private async fromQuotes(token: BrokerToken, listing: ChainListing): Promise<ChainQuote> {
    const futures = listing.contracts.map((contract) => contract.futureKey);
    const options = listing.contracts.map((contract) => contract.instrumentKey);
    const keys = [...new Set([...futures, ...options])].filter((key) => key !== null);
    const quotes = new Map<string, BrokerQuote>();
    for (let i = 0; i < keys.length; i += QUOTES_A_CALL)
      for (const [key, quote] of await this.broker.quotes(token, keys.slice(i, i + QUOTES_A_CALL)))
        quotes.set(key, quote);
    return chainOf(listing, quotes);
  }
}

/** Puts a chain together from quotes. A contract without a quote is missing in the answer, not 0. */
export function chainOf(listing: ChainListing, quotes: ReadonlyMap<string, BrokerQuote>): ChainQuote {
  const strikes = new Map<number, StrikeQuote>();
  for (const contract of listing.contracts) {
    const row = strikes.get(contract.strike) ?? { strike: contract.strike, call: null, put: null };
    const quote = contract.instrumentKey === null ? undefined : quotes.get(contract.instrumentKey);
    row[contract.side] = quote ? legOf(quote) : null;
    strikes.set(contract.strike, row);
  }
  const future = futureOf(listing);
  const spot = future ? (quotes.get(future)?.ltp ?? null) : null;
  return { spot, strikes: [...strikes.values()].sort((a, b) => a.strike - b.strike) };
}

function legOf(quote: BrokerQuote): LegQuote {
  return { oi: quote.oi, prevOi: quote.prevOi, ltp: quote.ltp, volume: quote.volume };
}

/** The future that the options of an MCX chain settle into. */
function futureOf(listing: ChainListing): string | null {
  return listing.contracts.find((contract) => contract.futureKey !== null)?.futureKey ?? null;
}
