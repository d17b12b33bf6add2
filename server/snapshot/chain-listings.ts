import { HttpStatus, Logger } from '@nestjs/common';
import { chainKey, type ChainId } from '../domain/contract.js';
import { ApiError } from '../http/api-error.js';
import { lotAt, type ChainListing, type InstrumentsService } from '../instruments/instruments.service.js';
import type { ChainFacts, ChainState } from './chain-state.js';

/** Finds chains in the instrument list. */
export class ChainListings {
  private readonly log = new Logger('ChainService');

  constructor(private readonly instruments: InstrumentsService) {}

  /**
   * The contracts of a chain.
   * @throws ApiError 404 for an underlying or expiry that the instrument master does not have.
   */
  async listing(chain: ChainId): Promise<ChainListing> {
    const underlying = await this.instruments.resolve(chain.underlying);
    if (!underlying)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-underlying',
        'There is no such underlying in the instrument list. Pick one from the list, or import the list again.',
      );
    const listing = await this.instruments.chain(underlying.key, chain.expiry);
    if (!listing)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-expiry',
        `${underlying.symbol} has no contracts that expire on ${chain.expiry}. Pick one of its expiries.`,
      );
    return listing;
  }

  /** Whether `listing` would answer from memory, and `refresh` find nothing new. */
  knows({ chain, facts }: ChainState): boolean {
    if (facts.edition !== this.instruments.edition) return false;
    return this.instruments.chainInMemory(chain.underlying, chain.expiry) !== null;
  }

  /** @throws ApiError as `listing` */
  async facts(chain: ChainId): Promise<ChainFacts> {
    const { edition } = this.instruments;
    const listing = await this.listing(chain);
    const contracts = new Map(listing.contracts.map((one) => [`${one.side} ${one.strike}`, one]));
    const { key, symbol, name, exchange } = listing.underlying;
    return {
      ...{ symbol, exchange, edition },
      underlyingAt: (slot) => ({ key, symbol, name, lotSize: lotAt(listing, slot) }),
      keyAt: (strike, side, slot) => {
        const contract = contracts.get(`${side} ${strike}`);
        return contract ? (this.instruments.keyAt(contract, slot) ?? contract.instrumentKey) : null;
      },
    };
  }

  /** Takes up what an import has changed of a chain in memory: new strikes, other keys, another lot. */
  async refresh(state: ChainState): Promise<void> {
    const { edition } = this.instruments;
    if (state.facts.edition === edition) return;
    try {
      state.facts = await this.facts(state.chain);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What is known of it stays true of the slots that are there; its screens see it until they leave.
      this.log.warn(`${chainKey(state.chain)} is no longer in the instrument list: ${error.message}`);
      state.facts = { ...state.facts, edition };
    }
  }
}
