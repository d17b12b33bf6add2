import { Command, CommandRunner, Option } from 'nest-commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clientFolder } from '../client-folder.js';
import { startServer, type RunningServer } from '../bootstrap.js';
import type { Config } from '../config/config.js';
import { demoEnvironment, loadConfig } from '../config/load-config.js';
import { endOnDefect, endOnSignal } from '../shutdown.js';
import { startSimulation, type Simulation, type SimulationOptions } from './demo/simulation.js';
import { parsePort, parseRate, parseStart } from './simulation-options.js';

const DEFAULT_PORT = 5000;

interface DemoOptions extends SimulationOptions {
  port?: number;
  data?: string;
}

interface Started {
  simulation: Simulation;
  server: RunningServer;
}

/** Simulator and tracker together, on one clock: everything but the broker is what runs on a market day. */
@Command({ name: 'demo', description: 'Run the tracker on a simulated market, generated or recorded' })
export class DemoCommand extends CommandRunner {
  async run(_args: string[], options: DemoOptions): Promise<void> {
    endOnDefect();
    const data =
      options.data === undefined ? await mkdtemp(join(tmpdir(), 'oi-tracker-demo-')) : resolve(options.data);
    // A demo without a folder of its own leaves nothing behind.
    const leaveNothing = async (): Promise<void> => {
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    };
    const { simulation, server } = await this.start(options, data).catch(async (error: unknown) => {
      await leaveNothing();
      throw error;
    });
    endOnSignal(async () => {
      await server.close();
      await simulation.close();
      await leaveNothing();
    });
    console.log(`simulator on ${simulation.simulator.url}`);
    console.log(`${simulation.description}, ${simulation.clock.rate} × real time`);
    console.log(`listening on ${server.url}`);
    console.log(`Open ${server.url} and enter the demo market. Ctrl-C ends it.`);
    await new Promise(() => undefined);
  }

  /** @throws in words, with nothing of it still running. */
  private async start(options: DemoOptions, data: string): Promise<Started> {
    const simulation = await startSimulation(options, 0);
    try {
      const config = demoConfig(options, data, simulation, await portFor(options.port ?? DEFAULT_PORT));
      const server = await startServer(config, {
        ...{ clientDir: clientFolder(), clock: simulation.clock },
        otherPort: (port) => `npm run demo -- --port ${port}`,
      });
      return { simulation, server };
    } catch (error) {
      await simulation.close();
      throw error;
    }
  }

  @Option({ flags: '--instruments <file>', description: 'Instrument master (.json.gz)' })
  parseInstruments(value: string): string {
    return value;
  }

  @Option({ flags: '--day <file>', description: 'Recorded day (.csv.gz)' })
  parseDay(value: string): string {
    return value;
  }

  @Option({ flags: '--prev-oi <file>', description: "Previous session's closing OI (.csv.gz)" })
  parsePrevOi(value: string): string {
    return value;
  }

  @Option({ flags: '--start <time>', description: 'Market time to start at, HH:MM IST' })
  parseStart(value: string): string {
    return parseStart(value);
  }

  @Option({ flags: '--rate <n>', description: 'Market time ÷ real time (20)' })
  parseRate(value: string): number {
    return parseRate(value);
  }

  @Option({ flags: '--port <port>', description: `Port of the tracker (${DEFAULT_PORT}; 0 = any)` })
  parsePort(value: string): number {
    return parsePort(value);
  }

  @Option({ flags: '--data <folder>', description: 'Keep the database there; without it nothing stays' })
  parseData(value: string): string {
    return value;
  }
}

function demoConfig(options: DemoOptions, data: string, simulation: Simulation, port: number): Config {
  const { url } = simulation.simulator;
  return loadConfig({
    ...demoEnvironment(),
    PORT: String(port),
    DATABASE_URL: `sqlite:${join(data, 'tracker.db')}`,
    UPSTOX_API_URL: url,
    UPSTOX_LOGIN_URL: url,
    UPSTOX_ASSETS_URL: url,
    UPSTOX_REDIRECT_URI: `http://127.0.0.1:${port}/callback`,
    UPSTOX_ACCESS_TOKEN: 'demo',
    // A recorded day holds the underlyings it holds: what is opened is collected.
    ...(simulation.recorded ? { PINNED: ',' } : {}),
  });
}

/** The sign-in comes back to a fixed address, so the port must be known before the server starts. */
async function portFor(wanted: number): Promise<number> {
  if (wanted !== 0) return wanted;
  const probe = createServer();
  await new Promise<void>((ready, failed) => probe.once('error', failed).listen(0, '127.0.0.1', ready));
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (address === null || typeof address === 'string') throw new Error('No free port was found.');
  return address.port;
}
