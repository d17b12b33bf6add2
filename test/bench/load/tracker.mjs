/**
 * The built server in a process of its own, whole and real, except that its clock stands still until the bench moves
 * it: each minute comes when the bench says so, and the CPU between two points is known to the microsecond.
 */
import 'reflect-metadata';
import { serve, usage } from '../support/children.mjs';
import { LoopWatch } from '../support/loop-watch.mjs';
import { nowMs } from '../support/stats.mjs';

const built = (path) => import(new URL(`../../../dist/server/${path}`, import.meta.url).href);
const { startServer } = await built('bootstrap.js');
const { clientFolder } = await built('client-folder.js');
const { loadConfig } = await built('config/load-config.js');
const { Clock, realSleep } = await built('clock/clock.js');
const { Collector } = await built('snapshot/collector.js');
const { Feed } = await built('snapshot/feed.js');
const { StatusService } = await built('snapshot/status-service.js');
const { SnapshotMetrics } = await built('snapshot/metrics.js');
const { InstrumentsService } = await built('instruments/instruments.service.js');

class SteppedClock extends Clock {
  rate = 1;
  #now;

  constructor(start) {
    super();
    this.#now = start;
  }

  now() {
    return this.#now;
  }

  step(ms) {
    this.#now += ms;
  }

  sleep(ms, signal) {
    return realSleep(ms, signal);
  }
}

const MINUTE = 60_000;
const config = loadConfig(process.env);
const clock = new SteppedClock(config.clock.start);
let server;
/** When the gateway began to send the newest change, and the CPU until then, in µs. */
let pushed = null;
/** What holds up the loop from then on, where the bench wants to know. */
const loop = new LoopWatch();
let loopWatched = false;
/** Status events of the newest minute, and whether they are kept from the sockets. */
const status = { events: 0, muted: false };

const find = (type) => server.app.get(type, { strict: false });

/** Notes when the gateway begins to send a change; counts the status events. */
function watchFeed() {
  const feed = find(Feed);
  const publishTable = feed.publishTable.bind(feed);
  const publishStatus = feed.publishStatus.bind(feed);
  feed.publishTable = (published) => {
    pushed = { start: nowMs(), pushCpu: usage().cpu };
    if (loopWatched) loop.begin();
    publishTable(published);
  };
  feed.publishStatus = (told) => {
    if (told.chain !== null) status.events += 1;
    if (!status.muted) publishStatus(told);
  };
}

async function until(what, check) {
  const deadline = nowMs() + 30_000;
  while (!(await check())) {
    if (nowMs() > deadline) throw new Error(`waited in vain for ${what}`);
    await realSleep(10);
  }
}

serve({
  async start() {
    server = await startServer(config, { clientDir: clientFolder(), clock, logLevels: ['error', 'fatal'] });
    watchFeed();
    return server.url;
  },
  /** Waits until the instrument list is imported and the first capture of the pinned chain has been published. */
  async ready(symbol) {
    await until(`the instrument list with ${symbol}`, () => find(InstrumentsService).underlying(symbol));
    await until('the first capture', async () => {
      await find(Collector).tick();
      return pushed !== null;
    });
  },
  /** Keeps status events from the sockets, so that a push can be measured alone. */
  mute(muted) {
    status.muted = muted;
  },
  /** Whether the loop is watched from the beginning of each push until `received`. */
  watchLoop(watched) {
    loopWatched = watched;
  },
  /** All have the newest push. @returns the CPU by now, in µs, and the longest time that the loop was held up, ms, where it is watched */
  received: () => ({ cpu: usage().cpu, blockMs: loopWatched ? loop.end() : null }),
  /**
   * Lets a minute pass and captures it.
   * @returns `start` when it was handed to the sockets; CPU in µs: `cpu` before the capture, `pushCpu` before the push
   */
  async tick() {
    pushed = null;
    status.events = 0;
    clock.step(MINUTE);
    // As the schedule does: the status of a new minute, the capture, and a second later the status again.
    find(StatusService).tick();
    const { cpu } = usage();
    await find(Collector).tick();
    if (!pushed) throw new Error(`no capture: ${JSON.stringify(find(SnapshotMetrics).captures)}`);
    return { ...pushed, cpu, publishMs: find(SnapshotMetrics).lastPublishMs };
  },
  /** What the schedule does a second after a capture. @returns the chain's status events since the minute began */
  settle() {
    find(StatusService).tick();
    return status.events;
  },
  usage,
});
process.on('SIGTERM', () => server?.close().then(() => process.exit(0)));
