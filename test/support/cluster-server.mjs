/**
 * The built server in a process of its own, on a clock that several processes share: it is computed from the machine's,
 * so that they agree however long each takes to start. Settings: environment, as for the server; besides
 * CLOCK_START and CLOCK_RATE, SHARED_SINCE is the moment (epoch ms) at which the shared clock showed CLOCK_START.
 */
import 'reflect-metadata';
import { startServer } from '../../dist/server/bootstrap.js';
import { clientFolder } from '../../dist/server/client-folder.js';
import { VirtualClock } from '../../dist/server/clock/clock.js';
import { configFromProcess } from '../../dist/server/config/load-config.js';
import { endOnSignal } from '../../dist/server/shutdown.js';

const config = configFromProcess();
const { start, rate } = config.clock;
const clock = new VirtualClock(start + (Date.now() - Number(process.env.SHARED_SINCE)) * rate, rate);
const server = await startServer(config, { clientDir: clientFolder(), clock });
endOnSignal(() => server.close());
console.log(`listening on ${server.url}`);
