import type { ExpiryInfo, FeedStatus, UnderlyingInfo } from '../../server/protocol/index.js';
import type { Api, Fetch } from '../api.js';
import { formatRoute, isMarketRoute, MARKET_ROUTE, parseRoute } from '../lib/route.js';
import { Link, type SocketFactory } from '../socket.js';
import { Catalog } from './catalog.svelte.js';
import { ChainStore } from './chain.svelte.js';
import { RETRY_MS, type Entrance } from './entrance.svelte.js';
import { Feed } from './feed.svelte.js';
import { MarketStore } from './market.svelte.js';
import { PastView } from './past.svelte.js';
import type { Session } from './session.svelte.js';
import type { Settings, SettingsStorage } from './settings.svelte.js';

/** What the screens need of the browser; tests bring their own. */
export interface Surroundings {
  fetch: Fetch;
  socket: SocketFactory;
  storage: SettingsStorage;
  now: () => number;
  /** Leaves the page. */
  go: (url: string) => void;
  hash: () => string;
  /** Puts a new hash into the address without a new history entry. */
  setHash: (hash: string) => void;
  /** Goes to another hash, with a new history entry. */
  visit: (hash: string) => void;
  /** Runs `work` after `ms`, once. */
  later: (work: () => void, ms: number) => void;
}

/** The screen's model: wires the stores together. The only place where one store's event becomes another's. */
export class Tracker {
  readonly api: Api;
  readonly settings: Settings;
  readonly session: Session;
  readonly catalog: Catalog;
  readonly feed: Feed;
  readonly chain: ChainStore;
  readonly past: PastView;
  readonly market: MarketStore;
  #page = $state<'chain' | 'market'>('chain');
  private readonly link: Link;

  constructor(
    private readonly around: Surroundings,
    entrance: Pick<Entrance, 'api' | 'settings' | 'session'>,
  ) {
    this.api = entrance.api;
    this.settings = entrance.settings;
    this.session = entrance.session;
    this.catalog = new Catalog(this.api);
    this.feed = new Feed(around.now);
    this.link = new Link(around.socket);
    this.chain = new ChainStore(this.link, (status) => this.#status(status));
    this.past = new PastView(this.api);
    this.market = new MarketStore(this.link);
    this.link.listen({
      up: (recovered) => this.#up(recovered),
      down: () => this.feed.down(),
      refused: () => void this.#refused(),
      change: (frame) => {
        this.chain.apply(frame);
        this.feed.takeChange(frame, this.chain.ref);
      },
      market: (frame) => this.market.apply(frame),
      status: (status) => this.#status(status),
      ended: (reason) => void this.#leave(reason.message),
    });
  }

  get page(): 'chain' | 'market' {
    return this.#page;
  }

  /** After a sign-in: opens the line and shows what the address, or the last visit, names. */
  async enter(): Promise<void> {
    this.link.open();
    this.#turn();
    await this.loadCatalog();
  }

  async loadCatalog(): Promise<void> {
    await this.catalog.load();
    await this.follow();
    if (this.catalog.problem?.code === 'unreachable')
      this.around.later(() => void this.loadCatalog(), RETRY_MS);
  }

  /** Shows what the address names. */
  async follow(): Promise<void> {
    this.#turn();
    const route = parseRoute(this.around.hash()) ?? parseRoute(this.settings.data.lastRoute);
    const chosen = this.catalog.follow(route);
    this.show();
    await chosen;
    this.show();
  }

  async choose(underlying: UnderlyingInfo): Promise<void> {
    if (this.#page === 'market') return this.around.visit(this.routeTo(underlying, underlying.nearestExpiry));
    const chosen = this.catalog.choose(underlying);
    this.show();
    await chosen;
    this.show();
  }

  chooseExpiry(expiry: ExpiryInfo['expiry']): void {
    this.catalog.chooseExpiry(expiry);
    this.show();
  }

  stepExpiry(step: 1 | -1): void {
    this.catalog.stepExpiry(step);
    this.show();
  }

  async signOut(): Promise<void> {
    if (await this.session.signOut()) this.#close();
  }

  /** Address of a chain. */
  routeTo(underlying: Pick<UnderlyingInfo, 'key' | 'symbol'>, expiry: string | null): string {
    return formatRoute(this.catalog.underlyings ?? [], underlying, expiry);
  }

  /** From one page to the other, and back. */
  turn(): void {
    this.around.visit(this.#page === 'market' ? this.settings.data.lastRoute || '#/' : MARKET_ROUTE);
  }

  /** Shows the page that the address names. The chain last shown stays watched, so that the way back is short. */
  #turn(): 'chain' | 'market' {
    this.#page = isMarketRoute(this.around.hash()) ? 'market' : 'chain';
    if (this.#page === 'market') this.market.open();
    else this.market.close();
    return this.#page;
  }

  /** Watches the chosen chain and puts it into the address. */
  private show(): void {
    const { underlying, expiry } = this.catalog;
    if (!underlying || expiry === null || this.#page === 'market') return;
    const ref = { underlying: underlying.key, expiry };
    if (this.chain.ref?.underlying !== ref.underlying || this.chain.ref.expiry !== ref.expiry) {
      this.feed.forgetChain();
      this.past.backToLive();
    }
    this.chain.watch(ref);
    const hash = this.routeTo(underlying, expiry);
    if (hash !== this.around.hash()) this.around.setHash(hash);
    if (hash !== this.settings.data.lastRoute) this.settings.set({ lastRoute: hash });
  }

  #up(recovered: boolean): void {
    this.feed.up();
    if (!recovered || this.chain.phase !== 'ready') void this.chain.sync();
    if (!recovered || this.market.phase !== 'ready') void this.market.sync();
    if (this.catalog.underlyings === null) void this.loadCatalog();
  }

  #status(status: FeedStatus): void {
    const before = this.feed.server?.instruments.state;
    this.feed.take(status, this.chain.ref);
    const imported = status.instruments.state === 'ready' && before !== undefined && before !== 'ready';
    if (imported || (this.catalog.underlyings?.length === 0 && status.instruments.state === 'ready'))
      void this.loadCatalog();
  }

  /** The handshake was refused: either the sign-in has ended, or the server is busy. */
  async #refused(): Promise<void> {
    const answered = await this.session.load();
    if (answered && !this.session.signedIn) return this.#leave('Your sign-in has ended. Sign in again.');
    this.around.later(() => this.session.signedIn && this.link.open(), RETRY_MS);
  }

  /** The server ended the sign-in of this screen. When the browser has a newer one meanwhile, goes on with that. */
  async #leave(message: string): Promise<void> {
    this.#close();
    await this.session.end(message);
    if (this.session.signedIn) await this.enter();
  }

  #close(): void {
    this.link.close();
    this.chain.watch(null);
    this.market.forget();
    this.past.backToLive();
  }
}
