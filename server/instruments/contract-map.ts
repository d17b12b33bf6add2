import type { ContractType } from '../domain/contract.js';
import type { IsoDate } from '../domain/units.js';

/** What tells one contract from all others. */
export interface ContractIdentity {
  underlyingKey: string;
  expiry: IsoDate;
  /** Rupees; 0 for a future. */
  strike: number;
  type: ContractType;
}

/** By strike, the contracts of one type of a chain. */
type Strikes<T> = Map<number, T>;

/**
 * Values by contract. Maps in maps: with one key that is put together of the four parts, making and hashing 55,000 such
 * strings is an eighth of an import.
 */
export class ContractMap<T> {
  private readonly chains = new Map<string, Map<IsoDate, Partial<Record<ContractType, Strikes<T>>>>>();

  get({ underlyingKey, expiry, strike, type }: ContractIdentity): T | undefined {
    return this.chains.get(underlyingKey)?.get(expiry)?.[type]?.get(strike);
  }

  set(one: ContractIdentity, value: T): void {
    this.strikesOf(one).set(one.strike, value);
  }

  /** Removes a contract. @returns its value, or `undefined` when there was none. */
  take(one: ContractIdentity): T | undefined {
    const value = this.get(one);
    if (value !== undefined) this.strikesOf(one).delete(one.strike);
    return value;
  }

  *values(): Generator<T> {
    for (const expiries of this.chains.values())
      for (const types of expiries.values())
        for (const strikes of Object.values(types)) yield* strikes.values();
  }

  private strikesOf({ underlyingKey, expiry, type }: ContractIdentity): Strikes<T> {
    let expiries = this.chains.get(underlyingKey);
    if (!expiries) this.chains.set(underlyingKey, (expiries = new Map()));
    let types = expiries.get(expiry);
    if (!types) expiries.set(expiry, (types = {}));
    return (types[type] ??= new Map());
  }
}
