/**
 * Loaded into the built server beside its own program (`--import`): answers what cannot be seen from outside, and
 * otherwise leaves it alone.
 */
import { serve } from '../support/children.mjs';

serve({
  /** Bytes of the heap that are in use, after a collection. */
  heap() {
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  },
  /** What keeps the process busy: timers, sockets and so on, each with its number. */
  resources() {
    const counts = {};
    for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  },
});
// The bench's line must not keep a server alive that has ended.
process.channel.unref();
