import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Names of this process that are in use: a server that was closed and one that runs may share a process. */
const living = new Set<string>();

/** A name for a would-be collector: machine, process, and a random part. */
export function newHolder(): string {
  const holder = `${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  living.add(holder);
  return holder;
}

export function forgetHolder(holder: string): void {
  living.delete(holder);
}

/** For people: `machine, process 123`. */
export function describeHolder(holder: string): string {
  const [host, pid] = holder.split('/');
  return `${host}, process ${pid}`;
}

/**
 * Whether a holder is a process of this machine that is gone. To be asked about a SQLite file only, which does not
 * leave its machine: elsewhere two machines may have one name.
 */
export function isGone(holder: string): boolean {
  const [host, pid] = holder.split('/');
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false;
  if (Number(pid) === process.pid) return !living.has(holder);
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
