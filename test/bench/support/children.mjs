import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const running = new Set();
/** How long a child may take over an answer, or over its own end. */
const ANSWER_MS = 90_000;
const END_MS = 5_000;

/** A process of the bench that answers commands, see `serve`. */
class Child {
  #process;
  #next = 0;
  #waiting = new Map();

  constructor(script, args, { output, ...options }) {
    const streams = output === undefined ? ['ignore', 'inherit'] : ['pipe', 'pipe'];
    this.#process = fork(script, args, { stdio: ['ignore', ...streams, 'ipc'], ...options });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', output);
    this.name = script.split('/').at(-1);
    running.add(this);
    this.#process.on('message', (message) => this.#settle(message));
    this.exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.exited.then((code) => {
      running.delete(this);
      for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name} ended with ${code}`));
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** Asks for something and waits for the answer. @throws what the child's handler throws, in words */
  ask(command, input = null) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name} did not answer "${command}" within ${ANSWER_MS} ms`)),
        ANSWER_MS,
      );
      this.#waiting.set(id, { resolve, reject, timer });
      this.#process.send({ id, command, input });
    });
  }

  async end() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGTERM');
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    await this.exited;
    clearTimeout(killer);
  }

  #settle({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    if (error !== undefined) waiting?.reject(new Error(`${this.name}: ${error}`));
    else waiting?.resolve(result);
  }
}

/**
 * Starts a program of the bench, such as `load/clients.mjs`, as a process of its own.
 * @param options `output` is called with all that it prints, as it comes
 */
export function startChild(path, { args = [], execArgv = ['--expose-gc'], env, output } = {}) {
  const script = fileURLToPath(new URL(`../${path}`, import.meta.url));
  return new Child(script, args, { execArgv, env: { PATH: process.env.PATH, ...env }, output });
}

/** Ends every child that still runs, each by its own handle. */
export async function endChildren() {
  await Promise.all([...running].map((child) => child.end()));
}

/** In a child: answers the parent's commands by the handlers of these names, one after another. */
export function serve(handlers) {
  let turn = Promise.resolve();
  process.on('message', ({ id, command, input }) => {
    turn = turn
      .then(() => handlers[command](input))
      .then(
        (result) => process.send({ id, result: result ?? null }),
        (error) => process.send({ id, error: error instanceof Error ? error.stack : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}

/** CPU of this process so far in µs (user and system), and its resident memory in bytes after a collection. */
export function usage({ collect = false } = {}) {
  if (collect) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, rss: process.memoryUsage.rss() };
}
