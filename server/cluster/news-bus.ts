import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { CollectorLease } from '../database/lease.js';
import { encodeNews, parseNews, type News } from './news.js';

const CONNECT_TIMEOUT_MS = 5_000;
const PING_MS = 5_000;
/** A Redis that stalls closes nothing: a connection on which nothing has moved for three pings is given up. */
const SILENCE_MS = 3 * PING_MS;
/** Waits between attempts to connect: 50 ms, doubling, 2 s at most. */
const retryAfter = (attempts: number): number => Math.min(50 * 2 ** Math.min(attempts, 6), 2_000);

type RedisClient = ReturnType<typeof redisClient>;

function redisClient(create: typeof createClient, url: string) {
  return create({
    url,
    // What cannot be said now is not worth saying later.
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: retryAfter,
    },
  });
}

/**
 * News between processes, by Redis publish and subscribe. Without REDIS_URL, and while Redis is away, nothing is said
 * and nothing is heard: every process looks into the database by itself once a second.
 */
@Injectable()
export class NewsBus implements OnApplicationShutdown {
  /** For the metrics. `malformed`: messages that were not understood and dropped. */
  readonly counts = { published: 0, unsaid: 0, received: 0, malformed: 0 };
  private readonly log = new Logger('Redis');
  private readonly listeners = new Set<(news: News) => void>();
  private readonly clients: RedisClient[] = [];
  private publisher: RedisClient | null = null;
  private channel = '';
  private told = '';

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(CollectorLease) private readonly lease: CollectorLease,
  ) {}

  /** Whether news can be said and heard now. */
  get isConnected(): boolean {
    return this.clients.length > 0 && this.clients.every((client) => client.isReady);
  }

  get isConfigured(): boolean {
    return this.config.redisUrl !== null;
  }

  /** @returns a function that ends the listening. */
  onNews(listener: (news: News) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Connects in the background, again and again; a Redis that is away holds up no start. */
  async open(): Promise<void> {
    const { redisUrl } = this.config;
    if (redisUrl === null) return;
    // Installations that share a Redis server have different databases.
    const rows: { id: string }[] = await this.db.query('SELECT id FROM installation');
    this.channel = `oi-tracker:${rows[0]?.id ?? 'unnamed'}:news`;
    // Not with the rest of the program: it is more than a quarter of all files that a start reads.
    const redis = await import('redis');
    this.publisher = this.connect(redis.createClient, redisUrl);
    const subscriber = this.connect(redis.createClient, redisUrl);
    this.inBackground(subscriber.subscribe(this.channel, (text) => this.receive(text)));
  }

  publish(news: News): void {
    const { publisher } = this;
    // Not by the publisher alone: what it is given to say keeps its connection from falling silent, while the
    // subscriber hears that nothing answers.
    if (!publisher || !this.isConnected) {
      if (publisher) this.counts.unsaid += 1;
      return;
    }
    publisher.publish(this.channel, encodeNews(this.lease.me, news)).then(
      () => (this.counts.published += 1),
      () => (this.counts.unsaid += 1),
    );
  }

  onApplicationShutdown(): void {
    for (const client of this.clients.splice(0)) client.destroy();
    this.publisher = null;
  }

  private connect(create: typeof createClient, url: string): RedisClient {
    const client = redisClient(create, url);
    client.on('error', (error: Error) => this.tell(`not reachable (${reasonOf(error)})`));
    client.on('ready', () => {
      if (this.isConnected) this.tell('connected');
    });
    this.clients.push(client);
    this.inBackground(client.connect());
    return client;
  }

  /** Rejects when the client is destroyed; everything else it tries again. */
  private inBackground(work: Promise<unknown>): void {
    work.catch((error: Error) => {
      if (this.clients.length > 0) this.tell(`not reachable (${reasonOf(error)})`);
    });
  }

  /** Once a change, not once an attempt. */
  private tell(state: string): void {
    if (state === this.told) return;
    this.told = state;
    if (state === 'connected') this.log.log('connected: changes reach the other processes at once');
    else
      this.log.warn(`Redis is ${state}. Changes reach the other processes by the database, within a second.`);
  }

  private receive(text: string): void {
    const envelope = parseNews(text);
    if (!envelope) {
      this.counts.malformed += 1;
      return;
    }
    if (envelope.from === this.lease.me) return;
    this.counts.received += 1;
    for (const listener of this.listeners) listener(envelope.news);
  }
}

function reasonOf(error: Error): string {
  const parts = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return parts[0]?.message ?? error.message;
}
