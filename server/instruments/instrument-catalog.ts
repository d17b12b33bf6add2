import type { DataSource } from 'typeorm';
import { DAY_MS, type IsoDate } from '../domain/units.js';
import type { ExpiryInfo, UnderlyingInfo } from '../protocol/index.js';
import { readCatalog, readChain, readLots, type Catalog } from './catalog-reader.js';
import type { ChainListing, UnderlyingListing } from './listing.js';
import { byPickerOrder } from './picker-order.js';

/** What is listed, in memory: read from the database once after each import. */
export class InstrumentCatalog {
  private catalog: Promise<Catalog> | null = null;
  private chains = new Map<string, ChainListing>();
  private read = 1;

  constructor(private readonly dataSource: DataSource) {}

  /** Forgets everything; the next question reads the database again. */
  invalidate(): void {
    this.catalog = null;
    this.chains = new Map();
    this.read += 1;
  }

  /** Another number whenever what is listed may have changed. */
  get edition(): number {
    return this.read;
  }

  /** Underlyings with options that have not expired on `today`, in the order of the picker. */
  async underlyings(today: IsoDate): Promise<UnderlyingInfo[]> {
    const { byId } = await this.load();
    const infos: UnderlyingInfo[] = [];
    for (const { listing, expiries } of byId.values()) {
      const next = expiries.find((one) => one.expiry >= today);
      const { key, symbol, name, exchange, kind } = listing;
      if (next)
        infos.push({ key, symbol, name, exchange, kind, lotSize: next.lotSize, nearestExpiry: next.expiry });
    }
    return infos.sort(byPickerOrder);
  }

  /** By key or by symbol, whatever its case; `null` when the list has neither. */
  async underlying(keyOrSymbol: string, today: IsoDate): Promise<UnderlyingListing | null> {
    const { byKey, bySymbol } = await this.load();
    const entry = byKey.get(keyOrSymbol) ?? bySymbol.get(keyOrSymbol.toUpperCase());
    if (!entry) return null;
    const next = entry.expiries.find((one) => one.expiry >= today) ?? entry.expiries.at(-1);
    return { ...entry.listing, lotSize: next?.lotSize ?? null };
  }

  /** Expiries of listed options that have not passed on `today`, ascending; none for an unknown underlying. */
  async expiries(key: string, today: IsoDate): Promise<ExpiryInfo[]> {
    const entry = (await this.load()).byKey.get(key);
    return (entry?.expiries ?? [])
      .filter((one) => one.expiry >= today)
      .map(({ expiry, weekly, contracts }) => ({
        expiry,
        daysToExpiry: (Date.parse(expiry) - Date.parse(today)) / DAY_MS,
        weekly,
        contracts,
      }));
  }

  /** The options of a chain; `null` when the underlying is unknown or has none of that expiry. */
  async chain(key: string, expiry: IsoDate): Promise<ChainListing | null> {
    const cached = this.chains.get(`${key}@${expiry}`);
    if (cached) return cached;
    const chains = this.chains;
    const entry = (await this.load()).byKey.get(key);
    if (!entry) return null;
    const contracts = await readChain(this.dataSource, entry.listing.id, expiry);
    if (contracts.length === 0) return null;
    const lotSize = contracts.find((one) => one.lotSize !== null)?.lotSize ?? null;
    const lots = await readLots(this.dataSource, entry.listing.id, expiry);
    const listing = { underlying: { ...entry.listing, lotSize }, expiry, contracts, lots };
    // An import may have replaced the map while the database answered: then this answer is not kept.
    chains.set(`${key}@${expiry}`, listing);
    return listing;
  }

  /** The same as far as memory knows; `null` also where the database would have to be asked. */
  chainInMemory(key: string, expiry: IsoDate): ChainListing | null {
    return this.chains.get(`${key}@${expiry}`) ?? null;
  }

  private load(): Promise<Catalog> {
    if (this.catalog) return this.catalog;
    const loading = readCatalog(this.dataSource);
    this.catalog = loading;
    loading.catch(() => {
      if (this.catalog === loading) this.catalog = null;
    });
    return loading;
  }
}
