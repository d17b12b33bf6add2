import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem, type, release } from 'node:os';
import { root } from '../../../bin/build-if-needed.mjs';

/** What the figures were measured on. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
    /** Runnable processes in the last minute when the bench began: above `cores` the machine was busy with other things. */
    load: Number(loadavg()[0]?.toFixed(2)),
  };
}

/** Short hash; `+` where files differ from it; `unknown` outside of a git checkout. */
function commit() {
  try {
    const hash = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--', 'server', 'client', 'test/bench') === '' ? hash : `${hash}+`;
  } catch (error) {
    console.error(`The commit is not known: ${error.message.split('\n')[0]}`);
    return 'unknown';
  }
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
