import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { defaultTradingDay } from '../../../server/domain/calendar.js';
import { addDays, istAt, istTime } from '../../../server/domain/slot.js';
import { SECOND_MS } from '../../../server/domain/units.js';
import { DrivenClock } from '../driven-clock.js';
import { SimulatedBroker } from './broker.js';
import { CELLS, CLOCK, MACHINE, SUSPECT, WAY, type Below, type Kind } from './faults.js';
import { openSimulatedHouse, type Delivery, type Ledger, type SimulatedHouse } from './house.js';
import { DayJudge } from './judge.js';
import { CHAIN } from './market.js';

const FIRST_DAY = '2026-08-18';
export const SLOTS_A_DAY = 40;
const STEP_MS = 5 * SECOND_MS;
const STEPS_A_MINUTE = 12;
/** Before this many answers of a day nothing is spoiled: every leg has its first truth then. */
const HONEST_MINUTES = 2;

/** What kind of day it is: which faults it may meet, and when of the day it begins. */
interface Weather {
  kinds: readonly Kind[];
  starts: readonly string[];
}
const STARTS = ['09:15', '10:40', '13:05', '15:12'];
const WEATHER: readonly Weather[] = [
  // Few gaps, so that the rules for zeros can be tried to the end.
  { kinds: [...CELLS, ...SUSPECT, ...SUSPECT, ...MACHINE], starts: ['09:15'] },
  { kinds: [...WAY, ...CELLS, ...SUSPECT, ...MACHINE], starts: STARTS },
  { kinds: [...WAY, ...WAY, ...CELLS, ...SUSPECT, ...MACHINE], starts: STARTS },
  // Minutes that come twice have no order in which to suspect one of the other.
  { kinds: [...WAY, ...CELLS, ...MACHINE, ...CLOCK, ...CLOCK, ...CLOCK], starts: STARTS },
];

export interface SimulatedDay {
  complaints: string[];
  /** Of all that the day left behind. */
  digest: string;
}

/** Trading days in a row on one database, each with faults by chance that a seed determines. */
export class Simulation {
  readonly broker: SimulatedBroker;
  private readonly clock = new DrivenClock(istAt(FIRST_DAY, '08:00'));
  private readonly ledger: Ledger = { deliveries: [], errors: [], diskIsFull: () => this.diskIsFull() };
  private house: SimulatedHouse | null = null;
  private date = addDays(FIRST_DAY, -1);
  private dir = '';

  /** @param spoil tampers with what the broker is believed to have said, before a day is judged: to try the judge */
  constructor(
    private readonly below: Below,
    private readonly spoil: (deliveries: Delivery[]) => void = () => undefined,
  ) {
    this.broker = new SimulatedBroker(() => this.clock.now(), below);
  }

  async open(): Promise<void> {
    this.dir = await mkdtemp(join(tmpdir(), 'oi-tracker-simulated-'));
    await this.enter();
  }

  async close(): Promise<void> {
    await this.house?.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Lives through the next trading day and judges it. */
  async day(): Promise<SimulatedDay> {
    do this.date = addDays(this.date, 1);
    while (defaultTradingDay('NSE', this.date).sessions.length === 0);
    const weather = WEATHER[this.below(WEATHER.length)]!;
    this.clock.set(istAt(this.date, weather.starts[this.below(weather.starts.length)]!) + 2 * SECOND_MS);
    this.ledger.deliveries.length = this.ledger.errors.length = 0;
    const complaints: string[] = [];
    for (let minute = 0; minute < SLOTS_A_DAY; minute++) {
      if (minute >= HONEST_MINUTES) await this.trouble(weather);
      for (let step = 0; step < STEPS_A_MINUTE; step++) await this.step();
      complaints.push(...(await this.screenDiffers()));
    }
    this.broker.planned = null;
    while (!(await this.step()));
    this.spoil(this.ledger.deliveries);
    const judge = new DayJudge(this.alive(), this.date, this.clock.now(), this.ledger.deliveries);
    const digest = await judge.judge();
    const errors = this.ledger.errors.filter((line) => !line.includes('disk is full'));
    return { complaints: [...complaints, ...errors, ...judge.complaints], digest };
  }

  /** A new fault, by chance, where the last one is over. */
  private async trouble(weather: Weather): Promise<void> {
    if (this.broker.planned || this.below(10) < 5) return;
    const kind = weather.kinds[this.below(weather.kinds.length)]!;
    switch (kind) {
      case 'restart':
        this.broker.hit(kind);
        return this.restart();
      case 'clock-back':
      case 'clock-forward': {
        this.broker.hit(kind);
        const by = (1 + this.below(300)) * SECOND_MS;
        return this.clock.set(this.clock.now() + (kind === 'clock-back' ? -by : by));
      }
      default:
        this.broker.planned = { kind, left: 1 + this.below(5) };
    }
  }

  private async step(): Promise<boolean> {
    const house = this.alive();
    this.broker.zerosAllowed = !(await this.anythingRebuilt(house));
    const isDone = await house.settle();
    this.clock.advance(STEP_MS);
    return isDone;
  }

  private async anythingRebuilt({ db }: SimulatedHouse): Promise<boolean> {
    if (this.broker.planned?.kind !== 'zero') return false;
    const rows: unknown[] = await db.query(
      'SELECT 1 FROM snapshot WHERE slot >= $1 AND source <> 0 LIMIT 1',
      [istAt(this.date, '00:00')],
    );
    return rows.length > 0;
  }

  private async screenDiffers(): Promise<string[]> {
    const { screen, chains } = this.alive();
    const [shown, own] = [await screen.shown(), await chains.latest(CHAIN)];
    return isDeepStrictEqual(shown, own)
      ? []
      : [`${this.date} ${istTime(this.clock.now())}: the screen shows another table than the server`];
  }

  private diskIsFull(): boolean {
    const { planned } = this.broker;
    if (planned?.kind !== 'write-failure') return false;
    planned.left -= 1;
    if (planned.left <= 0) this.broker.planned = null;
    this.broker.hit('write-failure');
    return true;
  }

  /** An orderly end and another life on the same database. What is under way is finished first. */
  private async restart(): Promise<void> {
    while (!(await this.step()));
    await this.alive().close();
    await this.enter();
  }

  private async enter(): Promise<void> {
    this.house = await openSimulatedHouse(this.dir, this.clock, this.broker, this.ledger);
  }

  private alive(): SimulatedHouse {
    if (!this.house) throw new Error('open the simulation first');
    return this.house;
  }
}
