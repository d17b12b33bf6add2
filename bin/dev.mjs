#!/usr/bin/env node
/**
 * `npm run dev`: the server, rebuilt and restarted on every change, and beside it Vite's development server, which
 * serves the screens with hot reload and passes `/api`, `/callback` and `/socket.io` on to the server.
 * Ctrl-C, or the end of either one, ends both.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** How long a child may take over its own clean end before it is killed. */
const PATIENCE_MS = 10_000;

const children = [
  child('screens', 'vite/bin/vite.js', []),
  child('server', '@nestjs/cli/bin/nest.js', ['start', '--watch', '--preserveWatchOutput']),
];

/** Each child leads a process group of its own, since the watcher starts the server as a further process. */
function child(name, script, args) {
  const started = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: process.platform !== 'win32',
  });
  started.once('error', (error) => end(`${name} could not start: ${error.message}`, 1));
  started.once('exit', (code, signal) => end(`${name} ended (${signal ?? code})`, code ?? 0));
  return started;
}

function signalAll(signal) {
  for (const { pid, exitCode, signalCode } of children) {
    if (pid === undefined || exitCode !== null || signalCode !== null) continue;
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  }
}

let ending = false;

function end(reason, code) {
  if (ending) return;
  ending = true;
  console.error(`${reason}: ending the development servers.`);
  process.exitCode = code;
  signalAll('SIGTERM');
  setTimeout(() => signalAll('SIGKILL'), PATIENCE_MS).unref();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal, 0));
