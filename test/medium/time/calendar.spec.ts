import { istAt } from '../../../server/domain/slot.js';
import { CalendarService } from '../../../server/snapshot/calendar-service.js';
import { StatusService } from '../../../server/snapshot/status-service.js';
import type { TimingRow } from '../../../server/simulator/index.js';
import {
  at,
  DAY,
  FaultyMarket,
  NIFTY,
  NIFTY_NEXT,
  openFaultyHouse,
  until,
  type FaultyHouse,
} from '../../support/faulty-house.js';
import { closeSockets } from '../../support/sockets.js';

/** F24: days that are not like others. The calendar decides, nobody is alarmed, no window spans two sessions. */

let house: FaultyHouse;
afterEach(async () => {
  closeSockets();
  await house.close();
});

const asked = (): number => house.simulator.calls.count('option-chain');
const hours = (date: string, from: string, to: string): TimingRow[] =>
  ['NSE', 'NFO', 'BSE', 'BFO'].map((exchange) => ({
    exchange,
    start_time: istAt(date, from),
    end_time: istAt(date, to),
  }));
const calendarKnown = () =>
  until('the calendar of the broker', () => house.logged('log', 'calendar:', 'from the broker').length > 0);
const alarms = (): string[] => house.lines.filter((line) => /^(warn|error)/.test(line));

async function enter(market: FaultyMarket, start: string | number): Promise<void> {
  house = await openFaultyHouse({ market, at: start });
  await calendarKnown();
}

it('F24 should ask for nothing on a holiday, name it, and raise no alarm', async () => {
  const market = new FaultyMarket();
  market.hours = () => [];
  market.days = [
    {
      date: DAY,
      description: 'Parsi New Year',
      holiday_type: 'TRADING_HOLIDAY',
      closed_exchanges: ['NSE', 'NFO', 'BSE', 'BFO'],
      open_exchanges: [],
    },
  ];
  await enter(market, '09:10');
  await house.live(900);
  expect(asked()).toBe(0);
  const status = house.get(StatusService).current(NIFTY);
  expect(status).toMatchObject({
    state: 'closed',
    market: { open: false, note: 'Parsi New Year' },
    message: null,
  });
  expect(alarms()).toEqual([]);
  expect(await house.stored()).toEqual([]);
});

it('F24 should collect a special session on a Sunday, from its first minute to its last', async () => {
  const SUNDAY = '2026-08-23';
  const market = new FaultyMarket(SUNDAY);
  market.hours = (date) => (date === SUNDAY ? hours(SUNDAY, '18:00', '18:10') : []);
  await enter(market, istAt(SUNDAY, '17:58'));
  await house.live(15 * 60);
  const slots = await house.stored(NIFTY_NEXT);
  expect(slots).toEqual(Array.from({ length: 10 }, (_, minute) => `18:0${minute}`));
  expect(house.get(StatusService).current(NIFTY_NEXT).state).toBe('closed');
  expect(alarms()).toEqual([]);
});

it('F24 should end a half day at its own close, and expect nothing after it', async () => {
  const market = new FaultyMarket();
  market.hours = (date) => hours(date, '09:15', '13:00');
  await enter(market, '12:55');
  await house.minutes(10);
  await house.rebuilt();
  expect((await house.stored()).at(-1)).toBe('12:59');
  const status = (await house.screen()).status;
  expect(status).toMatchObject({ state: 'closed', lastSlot: at('12:59') });
  expect(alarms()).toEqual([]);
});

it('F24 should stop collecting once a holiday is learned late, and keep what was captured', async () => {
  const market = new FaultyMarket();
  await enter(market, '09:15');
  await house.minutes(3);
  market.hours = () => [];
  house.clock.set(at('15:16'));
  await until('the second look at the calendar', () => house.logged('log', 'calendar:').length > 1);
  const before = asked();
  await house.live(180);
  expect(asked()).toBe(before);
  expect(house.get(StatusService).current(NIFTY).state).toBe('closed');
  expect((await house.stored()).slice(0, 3)).toEqual(['09:15', '09:16', '09:17']);
  expect(house.get(CalendarService).day('NSE', DAY).sessions).toEqual([]);
});

it('F24 should keep an answer that comes after the close in the session it belongs to, once', async () => {
  await enter(new FaultyMarket(), '15:37');
  await house.minutes(2);
  await house.rebuilt();
  house.clock.set(at('15:39') + 59_000);
  house.faults.inject('option-chain', { type: 'slow-body', ms: 100 }, 1);
  const before = asked();
  const capture = house.tick();
  await until('the call', () => asked() > before);
  house.clock.set(at('15:40') + 1_000);
  await capture;
  await house.live(120);
  expect(asked()).toBe(before + 1);
  const slots = (await house.stored()).filter((slot) => !slot.endsWith('backfill'));
  expect(slots).toEqual(['15:37', '15:38', '15:40']);
  const table = await house.chains.latest(NIFTY);
  // Three minutes before 15:40: of the same session, though the close lies between.
  expect(table?.rows[2]?.call?.changes[0]?.baseSlot).toBe(at('15:37'));
  expect(house.get(StatusService).current(NIFTY).state).toBe('closed');
});

it('F24 should go over midnight in silence, and begin the next day with no history', async () => {
  const NEXT = '2026-08-19';
  await enter(new FaultyMarket(), '15:35');
  await house.minutes(4);
  await house.screen(NIFTY_NEXT);
  await house.tick();
  await house.rebuilt(NIFTY_NEXT);
  const evening = await house.chains.latest(NIFTY_NEXT);
  house.clock.set(istAt(DAY, '23:59') + 50_000);
  const before = asked();
  await house.live(20);
  expect(asked()).toBe(before);
  house.clock.set(istAt(NEXT, '09:14') + 58_000);
  await until('the list of the new day', () => house.simulator.calls.count('assets') === 2);
  await until('its import', () => house.logged('log', 'instruments:').length === 2);
  // The sign-in of the evening has ended for idleness meanwhile: the clock jumped.
  const screen = await house.screen(NIFTY_NEXT);
  expect(screen.table?.rows).toEqual(evening?.rows);
  await house.live(5);
  const table = await house.chains.latest(NIFTY_NEXT);
  expect(table?.slot).toBe(istAt(NEXT, '09:15'));
  expect(table?.rows.flatMap(({ call, put }) => [...(call?.changes ?? []), ...(put?.changes ?? [])])).toEqual(
    Array.from({ length: 60 }, () => null),
  );
  // The expiry of yesterday is over: it is not asked for, and yesterday's table stands as it was.
  expect(house.simulator.calls.list('option-chain').at(-1)?.subject).toContain('2026-08-25');
  expect((await house.chains.at(NIFTY_NEXT, at('23:59')))?.rows).toEqual(evening?.rows);
  await until('the push', () => screen.table?.slot === table?.slot);
  expect(alarms()).toEqual([]);
});
