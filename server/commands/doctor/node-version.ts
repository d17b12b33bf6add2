import type { Finding } from './diagnose.js';

/** The oldest Node 20 without a known hole in what a server of the network uses of it. Older ones start as well. */
const FLOOR = [20, 20, 2] as const;

/** @param version as in `process.versions.node` */
export function nodeVersion(version: string): Finding {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  const differs = FLOOR.findIndex((floor, i) => (parts[i] ?? 0) !== floor);
  const old = differs >= 0 && (parts[differs] ?? 0) < FLOOR[differs]!;
  if (!old) return { state: 'ok', what: 'node', detail: version };
  return {
    state: 'warn',
    what: 'node',
    detail: `${version}; the tracker runs on it, but it lacks security fixes that came with ${FLOOR.join('.')}`,
    advice: 'Install Node 20.20.2 or newer (or 22, 24), and start the tracker again.',
  };
}
