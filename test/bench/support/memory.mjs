import { existsSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 250;
/** Memory is steady once so many samples in a row lie within such a share of each other. */
const SAMPLES = 8;
const SHARE = 0.01;
const PATIENCE = 60;

/** Whether this system tells the memory of another process. */
export const canReadMemory = existsSync('/proc/self/status');

function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)[1]) * 1024;
  return { peak: bytes('VmHWM'), now: bytes('VmRSS') };
}

/** Waits until the resident memory of a process no longer moves. @returns it, and the most that it ever was, bytes */
export async function steadyMemory(pid) {
  const last = [];
  for (let i = 0; i < PATIENCE; i++) {
    last.push(memoryOf(pid).now);
    if (last.length > SAMPLES) last.shift();
    const [low, high] = [Math.min(...last), Math.max(...last)];
    if (last.length === SAMPLES && high - low <= SHARE * high) break;
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  return { peak: memoryOf(pid).peak, steady: last.at(-1) };
}
