import 'reflect-metadata';
import { CommandFactory } from 'nest-commander';
import { CliModule } from './cli.module.js';

/** The exit code a commander error asks for: 0 for `--help` and `--version`. */
function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number'
    ? error.exitCode
    : 1;
}

await CommandFactory.run(CliModule, {
  cliName: 'oi-tracker',
  logger: ['warn', 'error', 'fatal'],
  // The default prints and exits 0: a script would take a failed import for a good one.
  serviceErrorHandler: (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
  errorHandler: (error) => {
    process.exitCode = exitCodeOf(error);
  },
});
