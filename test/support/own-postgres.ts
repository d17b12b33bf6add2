import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './harness-program.js';

const INSTALLED = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
const isRoot = process.getuid?.() === 0;
/** Few enough that a test can take all. */
const MAX_CONNECTIONS = 40;
/** The processes of a killed server end one after another; until then the next one does not start. */
const START_TRIES = 20;
const STARTING_MS = 240_000;

function identity(): { uid?: number; gid?: number } {
  if (!isRoot) return {};
  const number = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
}

/** A PostgreSQL server of the test's own in a temporary folder, which it may kill and start again. */
export class OwnPostgres {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** Why there can be none on this machine; `null` where there can. */
  static get lacking(): string | null {
    if (this.newest() === null) return `no PostgreSQL programs in ${INSTALLED}`;
    try {
      identity();
      return null;
    } catch {
      return 'this is root, and there is no user postgres to run PostgreSQL as';
    }
  }

  static async start(): Promise<OwnPostgres> {
    const bin = this.newest();
    if (bin === null) throw new Error(`no PostgreSQL programs in ${INSTALLED}`);
    const folder = mkdtempSync(join(tmpdir(), 'oi-tracker-postgres-'));
    const { uid, gid } = identity();
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    const own = new OwnPostgres(bin, folder, await freePort());
    try {
      own.create();
      await own.run();
      return own;
    } catch (error) {
      await own.remove();
      throw error;
    }
  }

  private static newest(): string | null {
    if (!existsSync(INSTALLED)) return null;
    const versions = readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a));
    const bins = versions.map((version) => join(INSTALLED, version, 'bin'));
    return bins.find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres'))) ?? null;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  /** Starts it (again) on the same port and data; resolves when it takes connections. @throws when it does not start */
  async run(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const said = await this.tryToRun();
      if (said === null) return;
      if (tries === START_TRIES) throw new Error(`PostgreSQL does not start:\n${said}`);
    }
  }

  /** Ends it as a power cut does to it (SIGKILL): no connection is closed in order, nothing is written out. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Ends it at once but in order (SIGQUIT: it waits for its processes and frees what they share), and takes its files away. */
  async remove(): Promise<void> {
    await this.end('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  private async end(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || hasEnded(child)) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  private create(): void {
    const settings = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
    execFileSync(join(this.bin, 'initdb'), ['-D', this.data, ...settings], {
      ...identity(),
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** @returns what it printed when it ended instead of starting; `null` when it runs */
  private async tryToRun(): Promise<string | null> {
    const set = [
      `port=${this.port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      `max_connections=${MAX_CONNECTIONS}`,
      // In its folder, not in the machine's shared memory, where what a killed server leaves behind stays.
      'dynamic_shared_memory_type=mmap',
    ].flatMap((setting) => ['-c', setting]);
    const child = spawn(join(this.bin, 'postgres'), ['-D', this.data, ...set], {
      ...identity(),
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
    await until(
      'PostgreSQL',
      () => printed.includes('ready to accept connections') || hasEnded(child),
      STARTING_MS,
    );
    return hasEnded(child) ? printed : null;
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
