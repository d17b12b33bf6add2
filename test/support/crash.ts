import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, start } from './harness.js';
import { until } from './harness-program.js';

export const SIDES = ['contracts', 'days', 'export', 'nothing', 'pack', 'sweep', 'retention'] as const;
export type Side = (typeof SIDES)[number];

/** What a child is told to do; see test/e2e/fixtures/crash-child.mjs. */
export interface CrashJob {
  kind: 'work' | 'migrate';
  file: string;
  date?: string;
  seed?: number;
  start?: number;
  samples?: { chain: { underlying: string; expiry: string }; slot: number | null }[];
  days?: string[];
  exportTo?: string;
  /** Imported minutes older than so many days are deleted by the side `retention`. */
  retentionDays?: number;
  early?: boolean;
  /** What it does besides capturing. */
  side?: Side;
}

const CHILD = join(projectRoot, 'dist/test/crash-child.cjs');

/** Makes one file of the child and all that it loads, which takes a third of the time to load. @throws when it cannot */
export async function bundleChild(): Promise<void> {
  const bundler = start([join(projectRoot, 'test/e2e/fixtures/bundle-crash-child.mjs'), CHILD]);
  if ((await bundler.exited) !== 0) throw new Error(`the child was not bundled:\n${bundler.output}`);
}

/** A house that is going to be killed. */
export class CrashChild {
  private static readonly alive = new Set<CrashChild>();
  readonly lines: string[] = [];
  private errors = '';
  private rest = '';
  private readonly child: ChildProcess;
  private readonly closed: Promise<void>;

  constructor() {
    this.child = spawn(process.execPath, [CHILD], {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: tmpdir(),
      env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1' },
    });
    CrashChild.alive.add(this);
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk));
    this.child.stderr
      ?.setEncoding('utf8')
      .on('data', (chunk: string) => (this.errors = (this.errors + chunk).slice(-4_000)));
    // A child that is killed takes its end of the pipe with it.
    this.child.stdin?.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      this.child.once('close', () => {
        CrashChild.alive.delete(this);
        resolve();
      }),
    );
  }

  static async killAll(): Promise<void> {
    await Promise.all([...CrashChild.alive].map((child) => child.kill()));
  }

  give(job: CrashJob): void {
    this.child.stdin?.end(`${JSON.stringify(job)}\n`);
  }

  /** Resolves when it has said a line of this kind. @throws with what it complained of when it ends before. */
  async said(kind: string, ms = 60_000): Promise<void> {
    await until(
      () => `"${kind}" from a child, which said: ${this.errors}`,
      () => {
        if (this.lines.some((line) => line[0] === kind)) return true;
        if (this.child.exitCode !== null) throw new Error(`the child ended by itself: ${this.errors}`);
        return false;
      },
      ms,
    );
  }

  /** What it has said of a kind, parsed. */
  of<T>(kind: string): T[] {
    return this.lines
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => JSON.parse(line.slice(2)) as T);
  }

  /** SIGKILL. Resolves when everything that it said before has arrived. @throws when it had ended with an error before */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
    if (this.child.exitCode) throw new Error(`the child failed before it was killed: ${this.errors}`);
  }

  private take(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    // What comes after the last end of line was cut off by the kill: it was never said.
    this.rest = lines.pop() ?? '';
    this.lines.push(...lines);
  }
}

/** Loading takes longer than living: children load while others are being killed. */
export class Nursery {
  private readonly waiting: CrashChild[];

  constructor(size: number) {
    this.waiting = Array.from({ length: size }, () => new CrashChild());
  }

  /** One that has loaded. */
  async next(): Promise<CrashChild> {
    const child = this.waiting.shift();
    this.waiting.push(new CrashChild());
    if (!child) throw new Error('the nursery is empty');
    await child.said('L');
    return child;
  }
}
