import { Inject, Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { WebSocketGateway, WebSocketServer, type OnGatewayInit } from '@nestjs/websockets';
import { CHECK_EVERY_MS, KnownSessions, LOOK_EVERY_MS } from '../auth/known-sessions.js';
import { SessionEvents, type SessionEnd, type SessionEndCode } from '../auth/session-events.js';
import { Clock } from '../clock/clock.js';
import { CollectorLease } from '../database/lease.js';
import { chainKey, type ChainId } from '../domain/contract.js';
import { ApiError } from '../http/api-error.js';
import type { ClientToServerEvents, ServerClosing, Table, UnwatchAck, WatchAck } from '../protocol/index.js';
import { ChainService } from '../snapshot/chain-service.js';
import { Feed } from '../snapshot/feed.js';
import { StatusService } from '../snapshot/status-service.js';
import { WatchRegistry } from '../snapshot/watch-registry.js';
import { Watching } from '../snapshot/watching.js';
import { chainRefSchema } from './chain-ref.js';
import { ConnectionGuard } from './connection-guard.js';
import { ReadyAnswers } from './fan-out-answer.js';
import { FanOut } from './fan-out.js';
import { inOneWrite } from './handshake.js';
import { heardBy } from './heard-by.js';
import { keepLight } from './light-request.js';
import { MarketRoom } from './market-room.js';
import { repeat } from './repeat.js';
import { Screen, type Wish } from './screen.js';
import { SessionShares } from './session-share.js';
import { allowance, ScreenRequests, type Answer } from './screen-requests.js';
import type { TrackerServer, TrackerSocket } from './screen-socket.js';

const CLOSING: ServerClosing = {
  message: 'The tracker is stopping or restarting. This screen comes back by itself.',
  reconnectWithinMs: 5_000,
};

const END_MESSAGES: Record<SessionEndCode, string> = {
  'signed-out': 'You signed out.',
  expired: 'Your sign-in has expired. Sign in again.',
  revoked: 'This browser signed in again; this screen belongs to the older sign-in.',
};

type Handler = (socket: TrackerSocket, args: unknown[]) => void;

/**
 * Screens come in here. A room is a chain; a change is encoded once and sent to all of its room.
 * Listeners are bound by hand, the same ones for all sockets, instead of an RxJS chain a handler and socket.
 */
@WebSocketGateway()
export class ChainGateway implements OnGatewayInit<TrackerServer>, OnModuleDestroy, OnApplicationShutdown {
  private readonly log = new Logger(ChainGateway.name);
  private readonly endings: (() => void)[] = [];
  private readonly guard = new ConnectionGuard();
  private readonly shares = new SessionShares();
  /** What screens may ask. What stands before the acknowledgement of a `market` event is not asked for, and does no harm. */
  private readonly handlers = new Map<string, Handler>(
    Object.entries({
      'chain:watch': (socket, [chain, ack]) =>
        this.requests.guarded<WatchAck>(socket, ack, (answer) => this.watch(socket, chain, answer)),
      'chain:unwatch': (socket, [chain, ack]) =>
        this.requests.guarded<UnwatchAck>(socket, ack, (answer) => this.unwatch(socket, chain, answer)),
      'market:watch': (socket, args) => this.market.watch(socket, args.at(-1)),
      'market:unwatch': (socket, args) => this.market.unwatch(socket, args.at(-1)),
    } satisfies Record<keyof ClientToServerEvents, Handler>),
  );
  private readonly onEvent = heardBy((socket: TrackerSocket, event: string, ...args: unknown[]) => {
    const handler = this.handlers.get(event);
    if (handler) handler(socket, args);
    else this.requests.mayAsk(socket);
  });
  private readonly onGone = heardBy((socket: TrackerSocket) => {
    this.guard.release(socket.conn);
    for (const chain of socket.data.screen.leaveAll()) this.registry.leave(chain);
    socket.data.share.leave();
  });

  @WebSocketServer()
  private readonly server: TrackerServer;

  constructor(
    @Inject(KnownSessions) private readonly sessions: KnownSessions,
    @Inject(SessionEvents) private readonly sessionEvents: SessionEvents,
    @Inject(Watching) private readonly watching: Watching,
    @Inject(ChainService) private readonly chains: ChainService,
    @Inject(StatusService) private readonly status: StatusService,
    @Inject(WatchRegistry) private readonly registry: WatchRegistry,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(ScreenRequests) private readonly requests: ScreenRequests,
    @Inject(MarketRoom) private readonly market: MarketRoom,
    @Inject(FanOut) private readonly fanOut: FanOut,
    @Inject(ReadyAnswers) private readonly answers: ReadyAnswers,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
  ) {}

  /** Sockets connected now. */
  get connections(): number {
    return this.server.engine?.clientsCount ?? 0;
  }

  /** Screens on these connections. */
  get screens(): number {
    return this.server.sockets.sockets.size;
  }

  afterInit(server: TrackerServer): void {
    this.fanOut.open(server);
    this.answers.open(server);
    this.guard.watch(server);
    server.use((socket, next) => {
      void this.guard
        .admit(socket.conn, () => this.admit(socket))
        .then(
          () => inOneWrite(socket.conn.request.connection, next),
          (error: Error) => next(error),
        );
    });
    server.on('connection', (socket) => this.welcome(socket));
    // In the clock's time, as the idle limit is: a replay at 60× would end every sign-in after twelve minutes.
    const period = Math.max(1_000, CHECK_EVERY_MS / this.clock.rate);
    const failed = (error: unknown): void =>
      this.log.error('Sign-ins could not be looked at', error instanceof Error ? error.stack : String(error));
    this.endings.push(repeat(period, () => this.keepSessionsAlive(), failed));
    // Whether Redis brings the word of a sign-out or not.
    if (this.lease.isShared) this.endings.push(repeat(LOOK_EVERY_MS, () => this.endWhatIsGone(), failed));
    this.endings.push(
      this.feed.onTable(({ chain, frame }) => this.fanOut.push(chainKey(chain), 'chain:change', frame)),
      this.feed.onStatus((status) =>
        this.fanOut.push(status.chain && chainKey(status.chain), 'feed:status', status),
      ),
      this.market.open(),
      this.sessionEvents.onEnd((end) => this.endSession(end)),
    );
  }

  /** First of all, so that every screen knows why its connection is about to end. */
  onModuleDestroy(): void {
    this.fanOut.flush();
    this.server.emit('server:closing', CLOSING);
  }

  /** Last of all: what the captures under way bring is still pushed. */
  onApplicationShutdown(): void {
    for (const end of this.endings) end();
  }

  private welcome(socket: TrackerSocket): void {
    socket.onAny(this.onEvent);
    socket.on('disconnect', this.onGone);
    socket.data.share.enter();
    this.fanOut.send(socket, 'feed:status', this.status.current(null));
  }

  private async admit(socket: TrackerSocket): Promise<void> {
    const signIn = await this.sessions.find(socket.handshake.headers);
    if (!signIn) throw new Error('sign-in-needed');
    const unpacks = takesDeflated(socket.handshake.auth);
    keepLight(socket);
    const share = this.shares.of(signIn.idHash);
    socket.data = {
      sessionId: signIn.idHash,
      share,
      screen: new Screen(share),
      bucket: allowance(),
      denials: 0,
      unpacks,
    };
    await socket.join(sessionRoom(signIn.idHash));
  }

  private async watch(socket: TrackerSocket, asked: unknown, answer: Answer<WatchAck>): Promise<void> {
    const { screen } = socket.data;
    const wish = screen.wish(parseRef(asked));
    try {
      const chain = this.watching.isPrepared(wish.ref) ? wish.ref : await this.watching.prepare(wish.ref);
      const stored = this.chains.latestInMemory(chain) ?? (await this.chains.latest(chain));
      if (!socket.disconnected) this.enter(socket, wish, chain, stored, answer);
    } finally {
      screen.settle(wish);
    }
  }

  /** No await and no promise in here: a push that came in between would be a gap. */
  private enter(
    socket: TrackerSocket,
    wish: Wish,
    chain: ChainId,
    stored: Table | null,
    answer: Answer<WatchAck>,
  ): void {
    if (!wish.left && socket.data.screen.enter(wish, chain)) {
      this.registry.enter(chain);
      void socket.join(chainKey(chain));
    }
    const table = this.chains.latestInMemory(chain) ?? stored;
    const told = { ok: true as const, status: this.status.current(chain) };
    if (table) this.answers.send(socket, answer, told, 'table', table);
    else answer({ ...told, table });
  }

  private async unwatch(socket: TrackerSocket, asked: unknown, answer: Answer<UnwatchAck>): Promise<void> {
    const chain = socket.data.screen.leave(parseRef(asked));
    if (chain) {
      this.registry.leave(chain);
      await socket.leave(chainKey(chain));
    }
    answer({ ok: true });
  }

  private endSession({ idHash, code }: SessionEnd): void {
    const room = this.server.in(sessionRoom(idHash));
    room.emit('session:ended', { code, message: END_MESSAGES[code] });
    room.disconnectSockets(true);
  }

  /** A screen that only listens is in use: its sign-in must not end for idleness. */
  private async keepSessionsAlive(): Promise<void> {
    const sockets = await this.server.fetchSockets();
    for (const idHash of new Set(sockets.map((socket) => socket.data.sessionId)))
      // Gone without a word: another process ended it while the two could not talk.
      if ((await this.sessions.look(idHash)) === null) this.endSession({ idHash, code: 'expired' });
  }

  private async endWhatIsGone(): Promise<void> {
    const open = new Set<string>();
    for (const { data } of this.server.sockets.sockets.values()) open.add(data.sessionId);
    for (const idHash of await this.sessions.gone(open))
      if (open.has(idHash)) this.endSession({ idHash, code: 'expired' });
  }
}

/** The hash itself, a string that is kept anyway: no chain and no socket is named like it. */
function sessionRoom(idHash: string): string {
  return idHash;
}

/** A screen may say that it takes large answers deflated. Whatever else it says means that it does not. */
function takesDeflated(auth: unknown): boolean {
  return typeof auth === 'object' && auth !== null && 'accepts' in auth && auth.accepts === 'deflate';
}

function parseRef(asked: unknown): ChainId {
  const parsed = chainRefSchema.safeParse(asked);
  if (parsed.success) return parsed.data;
  throw new ApiError(400, 'bad-request', 'Name a chain as {underlying, expiry: "YYYY-MM-DD"}.');
}
