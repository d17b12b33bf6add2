import { Logger } from '@nestjs/common';

/** How long a capture under way may take to finish once the process is told to stop, ms. */
const DEADLINE_MS = 5_000;

/**
 * Ends the process at once with 1 and one line when something fails that nobody expected: what is left of it could
 * serve screens and collect nothing, or the other way round. What was pushed is on disk, a start shows it again.
 */
export function endOnDefect(): void {
  const end = (error: unknown): void => {
    const [message, stack] =
      error instanceof Error ? [error.message, error.stack] : [String(error), undefined];
    new Logger('Process').fatal(
      `A defect ended the server (${message}). Start it again: it goes on where it was. If this comes back, report it with this line.`,
      stack,
    );
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/**
 * Ends the process in order at SIGTERM or Ctrl-C: `close` first, then exit 0. A second signal, or five seconds without
 * an end, exits at once with 1. The last line of the log says how long it took.
 */
export function endOnSignal(close: () => Promise<void>): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(1);
    ending = true;
    const began = performance.now();
    const timer = setTimeout(() => {
      console.error(`Not finished ${DEADLINE_MS / 1000} s after ${signal}; leaving now.`);
      process.exit(1);
    }, DEADLINE_MS);
    timer.unref();
    close().then(
      () => {
        new Logger('Shutdown').log(
          `${signal}: ended in order in ${(performance.now() - began).toFixed(0)} ms`,
        );
        process.exit(0);
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
