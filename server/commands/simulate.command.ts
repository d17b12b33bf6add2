import { Command, CommandRunner, Option } from 'nest-commander';
import { endOnSignal } from '../shutdown.js';
import { startSimulation, type SimulationOptions } from './demo/simulation.js';
import { parsePort, parseRate, parseStart } from './simulation-options.js';

const DEFAULT_PORT = 5001;

/** Serves the broker's paths from a recorded or generated day, for a tracker that is started beside it. */
@Command({ name: 'simulate', description: "Stand in for the broker's HTTP endpoints" })
export class SimulateCommand extends CommandRunner {
  async run(_args: string[], options: SimulationOptions & { port?: number }): Promise<void> {
    // A tracker beside it has a clock of its own, which does not skip nights.
    const simulation = await startSimulation({ ...options, everyHour: true }, options.port ?? DEFAULT_PORT);
    endOnSignal(() => simulation.close());
    const { url } = simulation.simulator;
    const { clock } = simulation;
    console.log(`simulator on ${url}`);
    console.log(`${simulation.description}, ${clock.rate} × real time. Start the tracker beside it with:`);
    console.log(
      `  UPSTOX_API_URL=${url} UPSTOX_ASSETS_URL=${url} CLOCK_START=${clock.now()} CLOCK_SINCE=${Date.now()} CLOCK_RATE=${clock.rate} npm start`,
    );
    await new Promise(() => undefined);
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

  @Option({ flags: '--port <port>', description: `Port of the simulator (${DEFAULT_PORT}; 0 = any)` })
  parsePort(value: string): number {
    return parsePort(value);
  }
}
