import { VirtualClock } from '../../clock/clock.js';
import { istAt, istDate } from '../../domain/slot.js';
import { generatedMarket } from '../../simulator/generated/generated-market.js';
import type { Market } from '../../simulator/market.js';
import { recordedMarket } from '../../simulator/recorded/recorded-market.js';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { skipClosedHours, tradingDateOnOrBefore } from './demo-clock.js';
import { rollingMarket } from './rolling-market.js';

/** Options that `simulate` and `demo` share. Files name a recorded day; without them the market is generated. */
export interface SimulationOptions {
  instruments?: string;
  day?: string;
  prevOi?: string;
  /** HH:MM IST. */
  start?: string;
  /** Market time ÷ real time. */
  rate?: number;
  /** A generated market lives through its nights and weekends instead of skipping them. */
  everyHour?: boolean;
}

export interface Simulation {
  simulator: Simulator;
  clock: VirtualClock;
  /** Where the market comes from, for the console. */
  description: string;
  recorded: boolean;
  close(): Promise<void>;
}

/** A market minute every three seconds: the longest window fills in a minute and a half. */
const DEMO_RATE = 20;
const DEMO_START = '10:30';
const RECORDED_START = '11:00';
/** The demo's market is the same for everybody on a given date. */
const DEMO_SEED = 1;

/**
 * Starts the stand-in for the broker with its virtual clock.
 * @param port 0 = any free one.
 * @throws Error in words when an option or file is unusable.
 */
export async function startSimulation(options: SimulationOptions, port: number): Promise<Simulation> {
  const recorded = options.day !== undefined;
  if (recorded !== (options.instruments !== undefined))
    throw new Error('A recorded day needs both --instruments and --day.');
  const { market, clock } = recorded ? await recordedDay(options) : generatedDays(options);
  for (const warning of market.warnings) console.error(`note: ${warning}`);
  const simulator = await startSimulator({ market, now: () => clock.now(), port });
  const skips = !recorded && options.everyHour !== true;
  const stopSkipping = skips ? skipClosedHours(clock) : (): void => undefined;
  const description = recorded ? `recorded day ${market.date}` : `generated market from ${market.date}`;
  const close = async (): Promise<void> => {
    stopSkipping();
    await simulator.close();
  };
  return { simulator, clock, description, recorded, close };
}

async function recordedDay(options: SimulationOptions): Promise<{ market: Market; clock: VirtualClock }> {
  const market = await recordedMarket({
    instrumentsFile: options.instruments!,
    dayFile: options.day!,
    prevOiFile: options.prevOi,
  });
  const start = istAt(market.date, options.start ?? RECORDED_START);
  return { market, clock: new VirtualClock(start, options.rate ?? DEMO_RATE) };
}

function generatedDays(options: SimulationOptions): { market: Market; clock: VirtualClock } {
  const date = tradingDateOnOrBefore(istDate(Date.now()));
  const clock = new VirtualClock(istAt(date, options.start ?? DEMO_START), options.rate ?? DEMO_RATE);
  const market = rollingMarket(
    () => istDate(clock.now()),
    (day) => generatedMarket({ seed: DEMO_SEED, date: day }),
  );
  return { market, clock };
}
