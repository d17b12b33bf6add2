import { randomBytes } from 'node:crypto';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { generatedMarket, startSimulator, type Simulator } from '../../server/simulator/index.js';
import { freePort } from './free-port.js';
import { projectRoot, start, tempFolder, type Program } from './harness.js';
import { SharedClock } from './shared-clock.mjs';

/** A machine room in a test: a broker, a Redis of its own, servers on one database and one clock, and a balancer. */

export { SharedClock } from './shared-clock.mjs';

export interface Server {
  program: Program;
  url: string;
}

/** A clock that processes share and the test moves. @param rate so many times as fast as the machine's by itself */
export function sharedClock(start: number, rate: number): SharedClock {
  const file = join(tempFolder(), 'clock');
  writeFileSync(file, '');
  return new SharedClock(file, { start, rate, since: Date.now() });
}

export const brokerOn = (clock: SharedClock, date: string): Promise<Simulator> =>
  startSimulator({ market: generatedMarket({ date, seed: 1 }), now: () => clock.now() });

/** One of several servers. @param urls of the database, Redis and the broker @param patienceMs for it to start */
export async function startMember(
  clock: SharedClock,
  urls: { database: string; redis: string; broker: string },
  secret: string,
  patienceMs: number,
): Promise<Server> {
  const env = {
    PORT: '0',
    DATABASE_URL: urls.database,
    REDIS_URL: urls.redis,
    UPSTOX_API_URL: urls.broker,
    UPSTOX_LOGIN_URL: urls.broker,
    UPSTOX_ASSETS_URL: urls.broker,
    UPSTOX_ACCESS_TOKEN: 'demo',
    TRACKER_SECRET: secret,
    PINNED: ',',
    CLOCK_START: String(clock.start),
    CLOCK_RATE: String(clock.rate),
    SHARED_SINCE: String(clock.since),
    SHARED_CLOCK: clock.file,
  };
  const program = start([join(projectRoot, 'test/support/cluster-server.mjs')], env, tempFolder());
  return { program, url: await program.printed(/listening on (http:\/\/127\.0\.0\.1:\d+)/, patienceMs) };
}

export const newSecret = (): string => randomBytes(16).toString('hex');

/** A redis-server of the test's own, which it may kill. It asks for a password, as one that others can reach must. */
export class OwnRedis {
  readonly password = newSecret();
  private child: ChildProcess | null = null;

  private constructor(private readonly port: number) {}

  /** Why there can be none on this machine; `null` where there can. */
  static get lacking(): string | null {
    return spawnSync('redis-server', ['--version']).status === 0 ? null : 'no program redis-server';
  }

  static async start(): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort());
    await redis.run();
    return redis;
  }

  get url(): string {
    return `redis://:${this.password}@127.0.0.1:${this.port}`;
  }

  /** Starts it (again), on the same port. @throws with what it printed when it ends instead */
  async run(): Promise<void> {
    const address = ['--port', String(this.port), '--bind', '127.0.0.1', '--requirepass', this.password];
    const child = spawn('redis-server', [...address, '--save', '', '--appendonly', 'no'], {
      cwd: tempFolder(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    let printed = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      printed += String(chunk);
      if (printed.includes('Ready to accept connections')) return;
    }
    throw new Error(`Redis does not start:\n${printed}`);
  }

  /** Stops it in mid-air (SIGSTOP), as an overloaded or swapping machine does: connections stand, nothing answers. */
  stall(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  wake(): void {
    this.child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** A plain TCP balancer: each new connection goes to the next server that answers. It knows no cookie and no session. */
export async function balancer(servers: () => readonly Server[]): Promise<{ url: string; close(): void }> {
  let turn = 0;
  const open = new Set<Socket>();
  const join = (client: Socket, tries: number): void => {
    const all = servers();
    const target = all[turn++ % all.length];
    if (!target || tries > all.length) return void client.destroy();
    const upstream = connect(Number(new URL(target.url).port), '127.0.0.1');
    upstream.once('connect', () => {
      client.pipe(upstream).pipe(client);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    upstream.once(
      'error',
      () =>
        upstream.bytesWritten === 0 &&
        upstream.connecting === false &&
        !client.readableFlowing &&
        join(client, tries + 1),
    );
  };
  const server = createServer((client) => {
    open.add(client.on('error', () => client.destroy()).on('close', () => open.delete(client)));
    join(client, 1);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    for (const client of open) client.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}
