import { join } from 'node:path';
import type { ConsoleMessage, Locator, Page, Request, Response, WebSocket } from 'playwright-core';
import type { Table } from '../../server/protocol/index.js';
import type { ShownBoard } from './browser-board.js';
import { until } from './harness.js';

/** Where `shot` puts its pictures; without it nothing is taken. */
const shots = process.env['BROWSER_SHOTS'];

export interface LayoutShift {
  value: number;
  /** What moved, from where to where. */
  nodes: string[];
}

export interface TableChanges {
  /** Cells whose text changed. */
  touched: string[];
  /** Rows and cells that were made anew. */
  redrawn: string[];
  sameNodes: boolean;
}

/** How a cell is painted; colours as the browser computes them. */
export interface Paint {
  ground: string;
  /** Image over the ground: the tint, or the hatch of what is unknown. */
  over: string;
  weight: number;
  /** Of an OI cell: its length as a share of the track, and its distance from the track's ends, px. */
  bar: { share: number; left: number; right: number; color: string } | null;
}

export interface Painting {
  grounds: Record<'panel' | 'itm' | 'atm-row', string>;
  cells: Record<string, Paint>;
}

export interface Focus {
  name: string;
  tag: string;
  text: string | null;
  cell: string | null;
  /** What `aria-describedby` points to. */
  described: string | null;
  ring: boolean;
  onScreen: boolean;
}

/** A page, all that it asked for, and all that went wrong on it. */
export class Screen {
  readonly requests: string[] = [];
  /** `seq` by slot of every table that came over its socket. */
  private readonly pushed = new Map<number, number>();
  private readonly troubles: string[] = [];
  private readonly provoked: RegExp[] = [];
  private ended = false;

  constructor(
    readonly page: Page,
    readonly origin: string,
  ) {
    page.on('console', (message) => this.console(message));
    page.on('pageerror', (error) => this.trouble(`error of the page: ${error.message}`));
    page.on('request', (request) => this.request(request));
    page.on('requestfailed', (request) => this.failed(request));
    page.on('response', (response) => this.response(response));
    page.on('websocket', (socket) => this.socket(socket));
  }

  /** Troubles that the test brings about itself: they are no failure. */
  provokes(...patterns: RegExp[]): void {
    this.provoked.push(...patterns);
  }

  /** From now on nothing counts. @returns the troubles so far that were not provoked */
  end(): string[] {
    this.ended = true;
    return this.troubles.filter((trouble) => !this.provoked.some((pattern) => pattern.test(trouble)));
  }

  /** Enters the demo market and waits for its first table. */
  async enterDemo(): Promise<void> {
    await this.page.getByRole('button', { name: 'Enter the demo market' }).click();
    await this.tableShown();
  }

  /** Loads the page anew. What it was just asking for is given up, as by any page that is left. */
  async reload(): Promise<void> {
    this.provokes(/request failed: GET \S+ net::ERR_ABORTED/);
    await this.page.reload();
  }

  tableShown(): Promise<void> {
    return this.page.locator('table.board tbody tr').first().waitFor();
  }

  board(): Promise<ShownBoard> {
    return this.probe('board()');
  }

  /** The board once `ready` holds for it. @throws when it does not within `ms` */
  async boardWhen(what: string, ready: (board: ShownBoard) => boolean, ms = 30_000): Promise<ShownBoard> {
    let last: ShownBoard | null = null;
    return until(
      () => `${what}; the foot says ${last?.slot}, ${last?.captured}, ${last?.rows.length} rows`,
      async () => {
        last = await this.board();
        return ready(last) ? last : null;
      },
      ms,
    );
  }

  cell(name: string): Locator {
    return this.page.locator(`[data-cell="${name}"]`);
  }

  get tooltip(): Locator {
    return this.page.getByRole('tooltip');
  }

  get feed(): Locator {
    return this.page.locator('header .feed');
  }

  focused(): Promise<Focus | null> {
    return this.probe('focused()');
  }

  watchTable(): Promise<void> {
    return this.probe('watchTable()');
  }

  tableChanges(): Promise<TableChanges> {
    return this.probe('tableChanges()');
  }

  painting(): Promise<Painting> {
    return this.probe('painting()');
  }

  /** Moment of the page's own clock, for `shiftsSince`. */
  now(): Promise<number> {
    return this.probe('now()');
  }

  /** Everything that moved by itself since a moment; what follows a person's own action at once does not count. */
  shiftsSince(at: number): Promise<LayoutShift[]> {
    return this.probe(`shiftsSince(${at})`);
  }

  probe<T>(call: string): Promise<T> {
    return this.page.evaluate<T>(`probe.${call}`);
  }

  async shot(name: string): Promise<void> {
    if (shots !== undefined) await this.page.screenshot({ path: join(shots, `${name}.png`) });
  }

  /** Sequence number of the newest table of a slot that came over the socket. */
  seqOf(slot: number): number | null {
    return this.pushed.get(slot) ?? null;
  }

  private trouble(text: string): void {
    if (!this.ended) this.troubles.push(text);
  }

  private console(message: ConsoleMessage): void {
    if (message.type() === 'error' || message.type() === 'warning')
      this.trouble(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  }

  private request(request: Request): void {
    const url = new URL(request.url());
    this.requests.push(request.url());
    if (url.protocol !== 'data:' && url.origin !== this.origin)
      this.trouble(`request to another origin: ${request.url()}`);
  }

  private failed(request: Request): void {
    const why = request.failure()?.errorText ?? 'no reason given';
    // A page that is left or loaded anew ends what parts it was still fetching.
    if (request.resourceType() === 'script' && why === 'net::ERR_ABORTED') return;
    this.trouble(`request failed: ${request.method()} ${request.url()} ${why}`);
  }

  private response(response: Response): void {
    if (response.status() >= 400) this.trouble(`answer ${response.status()}: ${response.url()}`);
  }

  private socket(socket: WebSocket): void {
    this.requests.push(socket.url());
    socket.on('framereceived', ({ payload }) => {
      const packet = /^4[23]\d*(\[.*)$/s.exec(String(payload))?.[1];
      if (packet !== undefined) this.packet(JSON.parse(packet) as unknown[]);
    });
  }

  /** Socket.IO's packet: an event `[name, data]`, or an acknowledgement `[data]`. */
  private packet([first, second]: unknown[]): void {
    const table = first === 'chain:change' ? second : (first as { table?: Table | null } | null)?.table;
    if (table) {
      const { seq, slot } = table as Table;
      this.pushed.set(slot, seq);
    }
  }
}
