/**
 * The built server in a process of its own, on a clock that several processes share. Settings: environment, as for the
 * server; besides CLOCK_START and CLOCK_RATE, SHARED_SINCE is the moment (epoch ms) at which the clock showed
 * CLOCK_START, and SHARED_CLOCK the file that says how far the test has moved it.
 */
import 'reflect-metadata';
import { startServer } from '../../dist/server/bootstrap.js';
import { clientFolder } from '../../dist/server/client-folder.js';
import { configFromProcess } from '../../dist/server/config/load-config.js';
import { endOnSignal } from '../../dist/server/shutdown.js';
import { SharedClock } from './shared-clock.mjs';

const config = configFromProcess();
const clock = new SharedClock(process.env.SHARED_CLOCK, {
  ...config.clock,
  since: Number(process.env.SHARED_SINCE),
});
const server = await startServer(config, { clientDir: clientFolder(), clock });
endOnSignal(() => server.close());
console.log(`listening on ${server.url}`);
