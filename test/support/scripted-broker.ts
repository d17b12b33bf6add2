import type { Clock } from '../../server/clock/clock.js';
import { chainKey, type ChainId } from '../../server/domain/contract.js';
import { slotOf } from '../../server/domain/slot.js';
import type { ChainQuote } from '../../server/domain/snapshot.js';
import type { EpochMs, IsoDate, Slot } from '../../server/domain/units.js';
import {
  Broker,
  type BrokerApi,
  type BrokerCandle,
  type BrokerChain,
  type BrokerHoliday,
  type BrokerProfile,
  type BrokerQuote,
  type BrokerToken,
  type ExchangeTiming,
  type OAuthGrant,
} from '../../server/upstox/broker.js';
import { BrokerError, type BrokerErrorKind } from '../../server/upstox/errors.js';
import { marketQuote } from './market.js';

/** A call of the option-chain endpoint, as the script sees it. */
export interface ChainCall {
  chain: ChainId;
  slot: Slot;
  /** When the call left, epoch ms. */
  at: EpochMs;
  token: string;
}

type Answer<T> = T | Promise<T>;

/** Answers what the script of a test says, and remembers every call. */
export class ScriptedBroker extends Broker {
  readonly chainCalls: ChainCall[] = [];
  readonly candleCalls: string[] = [];
  /** Most chain calls under way at once. */
  mostAtOnce = 0;
  private atOnce = 0;

  /** The script: an answer, or a throw, for each call. A generated market by default. */
  onChain: (call: ChainCall) => Answer<ChainQuote> = ({ chain, slot }) => marketQuote(chain, slot);
  onCandles: (instrumentKey: string) => Answer<BrokerCandle[]> = () => [];
  onQuotes: (keys: readonly string[]) => Answer<ReadonlyMap<string, BrokerQuote>> = () => new Map();
  onTimings: (date: IsoDate) => Answer<ExchangeTiming[]> = () => [];
  onHolidays: () => Answer<BrokerHoliday[]> = () => [];
  /** Calls that the broker's limits leave. */
  onBudget: (token: BrokerToken, api: BrokerApi) => number = () => 1_000;

  constructor(private readonly clock: Clock) {
    super();
  }

  override async optionChain(token: BrokerToken, underlying: string, expiry: IsoDate): Promise<BrokerChain> {
    const at = this.clock.now();
    const call = { chain: { underlying, expiry }, slot: slotOf(at), at, token: token.accessToken };
    this.chainCalls.push(call);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      return { ...(await this.onChain(call)), keys: new Map(), rejected: [] };
    } finally {
      this.atOnce -= 1;
    }
  }

  override async intradayCandles(_token: BrokerToken, key: string): Promise<BrokerCandle[]> {
    this.candleCalls.push(key);
    return this.onCandles(key);
  }

  override async quotes(
    _token: BrokerToken,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, BrokerQuote>> {
    return this.onQuotes(keys);
  }

  override async timings(_token: BrokerToken, date: IsoDate): Promise<ExchangeTiming[]> {
    return this.onTimings(date);
  }

  override async holidays(): Promise<BrokerHoliday[]> {
    return this.onHolidays();
  }

  override budget(token: BrokerToken, api: BrokerApi): number {
    return this.onBudget(token, api);
  }

  /** Chain calls so far, of all chains or of one. */
  calls(chain?: ChainId): number {
    if (!chain) return this.chainCalls.length;
    return this.chainCalls.filter((call) => chainKey(call.chain) === chainKey(chain)).length;
  }

  override historicalCandles(): Promise<BrokerCandle[]> {
    return Promise.reject(new Error('not scripted'));
  }
  override marketStatus(): Promise<string> {
    return Promise.resolve('NORMAL_OPEN');
  }
  override profile(token: BrokerToken): Promise<BrokerProfile> {
    return Promise.resolve({ userId: token.accessToken, userName: 'Test' });
  }
  override loginUrl(): string {
    throw new Error('not scripted');
  }
  override exchangeCode(): Promise<OAuthGrant> {
    return Promise.reject(new Error('not scripted'));
  }
  override logout(): Promise<void> {
    return Promise.resolve();
  }
  override instrumentMaster(): Promise<{ body: NodeJS.ReadableStream; bytes: number | null }> {
    return Promise.reject(new Error('not scripted'));
  }
}

/** What the real client throws, by kind. */
export function brokerError(kind: BrokerErrorKind): BrokerError {
  const status = { 'token-dead': 401, throttled: 429, unreachable: null, 'bad-answer': 200, refused: 400 }[
    kind
  ];
  return new BrokerError(kind, `scripted: ${kind}`, null, status);
}
