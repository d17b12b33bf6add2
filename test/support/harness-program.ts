import { type ChildProcess, spawn } from 'node:child_process';

/** A condition that is polled until it holds. @throws with `what` when it does not within `ms`. */
export async function until<T>(
  what: string | (() => string),
  check: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  ms = 30_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline)
      throw new Error(`waited ${ms} ms in vain for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Nothing of the developer's own settings may reach a program under test. */
function cleanEnvironment(extra: Record<string, string>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ...extra };
}

/** A started program and what it has printed. */
export class Program {
  private static readonly running = new Set<Program>();
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(args: string[], env: Record<string, string>, cwd: string) {
    this.child = spawn(process.execPath, args, {
      cwd,
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    Program.running.add(this);
    for (const stream of [this.child.stdout, this.child.stderr]) this.collect(stream);
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => {
        Program.running.delete(this);
        resolve(code);
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the program did not start');
    return this.child.pid;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** The first captured group of a line that the program prints. @throws with its output when it ends before. */
  async printed(pattern: RegExp, ms = 60_000): Promise<string> {
    const what = `a line like ${pattern} from the program`;
    const found = await until(
      () => `${what}, which printed:\n${this.output}`,
      () => pattern.exec(this.output) ?? (this.ended ? [] : null),
      ms,
    );
    if (found[1] === undefined) throw new Error(`the program ended without ${what}:\n${this.output}`);
    return found[1];
  }

  /** Ends every program that still runs. */
  static async killAll(): Promise<void> {
    await Promise.all([...Program.running].map((program) => program.kill()));
  }

  /** Asks the program to end (SIGTERM) and waits for it. @returns its exit code */
  async stop(ms = 15_000): Promise<number | null> {
    if (!this.ended) this.child.kill('SIGTERM');
    await until(
      () => `the end of process ${this.pid}:\n${this.output}`,
      () => this.ended,
      ms,
    ).catch(async (error: Error) => {
      await this.kill();
      throw error;
    });
    return this.exited;
  }

  /** Ends the program as a crash or a power cut would (SIGKILL). */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private collect(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    stream?.on('end', () => {
      if (rest) this.lines.push(rest);
    });
  }
}
