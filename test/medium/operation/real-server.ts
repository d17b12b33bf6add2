import { VirtualClock } from '../../../server/clock/clock.js';
import { istAt } from '../../../server/domain/slot.js';
import { generatedMarket } from '../../../server/simulator/generated/generated-market.js';
import { startSimulator } from '../../../server/simulator/simulator.js';
import { startServer, tempFolder, until } from '../../support/harness.js';

/** A Tuesday. */
const DAY = '2026-08-18';

export interface Options {
  /** IST time of day that the market starts at. */
  start?: string;
  rate?: number;
  env?: Record<string, string>;
}

/**
 * The built server as a process of its own, as `npm start` runs it, against a simulator in this process whose faults
 * the test drives. Nobody is signed in: it collects NIFTY with the simulator's token.
 */
export async function realServer({ start = '11:00', rate = 20, env = {} }: Options = {}) {
  const clock = new VirtualClock(istAt(DAY, start), rate);
  const market = generatedMarket({ seed: 7, date: DAY });
  const simulator = await startSimulator({ market, now: () => clock.now() });
  const settings = {
    UPSTOX_API_URL: simulator.url,
    UPSTOX_LOGIN_URL: simulator.url,
    UPSTOX_ASSETS_URL: simulator.url,
    UPSTOX_ACCESS_TOKEN: 'demo',
    PINNED: 'NIFTY',
    CLOCK_START: new Date(clock.now()).toISOString(),
    CLOCK_RATE: String(rate),
    ...env,
  };
  const folder = tempFolder();
  const house = await startServer(settings, folder);
  const { program } = house;
  return {
    ...house,
    simulator,
    /** What commands on the same database and broker need. */
    settings,
    /** Parsed log lines whose message matches. */
    logged: (message: RegExp) => program.lines.flatMap(jsonOf).filter((line) => message.test(line.message)),
    captures: async (count: number): Promise<void> => {
      await until(
        () => `${count} captures, in:\n${program.output}`,
        () => program.lines.filter((line) => line.includes('outcome=captured')).length >= count,
      );
    },
  };
}

export interface LogLine {
  level: string;
  message: string;
  context?: string;
  captureId?: string;
  requestId?: string;
}

function jsonOf(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  return [JSON.parse(line) as LogLine];
}
