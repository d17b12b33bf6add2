import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './harness-program.js';

/** Starts the built programs as a user would, as processes of their own, and ends them whatever happens. */

export { Program, until } from './harness-program.js';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const folders = new Set<string>();

/** A folder of its own for a program's data, removed by `cleanUp`. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oi-tracker-'));
  folders.add(folder);
  return folder;
}

/** Starts one of the built programs. @throws when the project has not been built */
export function start(args: string[], env: Record<string, string> = {}, cwd = projectRoot): Program {
  if (!existsSync(join(projectRoot, 'dist/server/main.js')))
    throw new Error('dist/server is absent: run `npm run build` first (`npm test` does).');
  return new Program(args, env, cwd);
}

export const cliScript = join(projectRoot, 'bin/oi-tracker.mjs');
export const serverScript = join(projectRoot, 'dist/server/main.js');

/** Runs a command to its end. */
export async function runCli(
  args: string[],
  env: Record<string, string> = {},
  cwd = tempFolder(),
): Promise<{ code: number | null; output: string }> {
  const program = start([cliScript, ...args], env, cwd);
  const code = await program.exited;
  return { code, output: program.output };
}

/** The settings that keep a program's data in one folder and its port free to choose. */
export function settings(folder: string): Record<string, string> {
  return {
    PORT: '0',
    DATABASE_URL: `sqlite:${join(folder, 'tracker.db')}`,
    TRACKER_SECRET: 'only for this test',
  };
}

export interface House {
  program: Program;
  url: string;
  /** Address of the simulator that the demo starts beside the tracker; `null` for a server of its own. */
  simulator: string | null;
  folder: string;
}

/** `demo` with the given options, on free ports. */
export async function startDemo(
  options: string[] = [],
  folder = tempFolder(),
  env: Record<string, string> = {},
): Promise<House> {
  const program = start([cliScript, 'demo', ...options, '--port', '0', '--data', folder], env, folder);
  const url = await program.printed(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
  const simulator = await program.printed(/simulator on (http:\/\/127\.0\.0\.1:\d+)/);
  return { program, url, simulator, folder };
}

/** The server alone, as `npm start` runs it once everything is built. */
export async function startServer(env: Record<string, string>, folder = tempFolder()): Promise<House> {
  const program = start([serverScript], { ...settings(folder), ...env }, folder);
  const url = await program.printed(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
  return { program, url, simulator: null, folder };
}

/** Ends every program that still runs and removes every temporary folder. Call it in `afterAll`. */
export async function cleanUp(): Promise<void> {
  await Program.killAll();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
