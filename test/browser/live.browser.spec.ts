import { jest } from '@jest/globals';
import type { Table } from '../../server/protocol/index.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import {
  expectedBoard,
  slotText,
  WHOLE_CHAIN,
  type ShownBoard,
  type View,
} from '../support/browser-board.js';
import { cleanUp, startDemo, type House } from '../support/harness.js';
import { nearestChain } from '../support/harness-chains.js';
import { Visitor } from '../support/harness-client.js';
import { describeWithData } from '../support/shared-data.js';

/** The board of a screen and the newest table over HTTP, once both are of the same sequence number and later than `after`. */
async function pairOf(
  visitor: Visitor,
  screen: Screen,
  after: string | null,
): Promise<{ board: ShownBoard; table: Table }> {
  const { underlying, expiry } = await nearestChain(visitor, 'NIFTY');
  return until('a minute that screen and HTTP both show', async () => {
    const table = await visitor.table(underlying, expiry);
    const board = await screen.board();
    if (board.slot === after || board.slot !== slotText(table.slot)) return null;
    return screen.seqOf(table.slot) === table.seq ? { board, table } : null;
  });
}

/** Follows a screen until it has shown `count` more slots, and holds each against HTTP. @returns the boards */
async function followSlots(
  visitor: Visitor,
  screen: Screen,
  count: number,
  view: View,
): Promise<ShownBoard[]> {
  const boards: ShownBoard[] = [];
  let before = (await screen.board()).slot;
  while (boards.length < count) {
    const { board, table } = await pairOf(visitor, screen, before);
    expect(board).toEqual(expectedBoard(table, view));
    boards.push(board);
    before = board.slot;
  }
  return boards;
}

/** A real program, at 30 times real time: what is waited for has deadlines of its own. */
jest.setTimeout(180_000);

const LIVE_MINUTES = 12;

describeInChromium('the live table of the demo market', (screens) => {
  let house: House;
  let visitor: Visitor;

  beforeAll(async () => {
    house = await startDemo(['--rate', '30']);
    visitor = await Visitor.enter(house.url);
  });
  afterAll(() => cleanUp());

  it('should show each minute as HTTP answers it, without a reload and without moving anything', async () => {
    const screen = await screens.show(house.url, { cookie: visitor.cookie });
    await screen.tableShown();
    // The whole chain: fewer rows follow ATM when it moves.
    await screen.page.keyboard.press('4');
    await screen.boardWhen('all strikes', ({ rows }) => rows.length > 21);
    await screen.feed.filter({ hasText: 'Live' }).waitFor();
    const since = await screen.now();
    const loads = screen.requests.filter((url) => url === `${house.url}/`).length;
    const boards = await followSlots(visitor, screen, LIVE_MINUTES, WHOLE_CHAIN);
    await screen.shot('live-demo');
    const different = boards.filter((board, i) => {
      const before = boards[i - 1];
      return before && JSON.stringify(before.rows) !== JSON.stringify(board.rows);
    });
    expect(different.length).toBeGreaterThanOrEqual(LIVE_MINUTES / 2);
    expect(await screen.shiftsSince(since)).toEqual([]);
    expect(screen.requests.filter((url) => url === `${house.url}/`)).toHaveLength(loads);
  });
});

describeWithData(
  'the live table of a recorded day',
  {
    instruments: 'instruments/upstox-subset-2026-08-18.json.gz',
    day: 'days/nifty-2026-08-18-1min.csv.gz',
    prevOi: 'baseline/prev-oi-nifty-2026-08-18.csv.gz',
  },
  (files) =>
    describeInChromium('in Chromium', (screens) => {
      afterAll(() => cleanUp());

      it('should show the whole real chain, cell by cell as HTTP answers it', async () => {
        const recording = ['--instruments', files.instruments, '--day', files.day, '--prev-oi', files.prevOi];
        const house = await startDemo([...recording, '--start', '11:30', '--rate', '30']);
        const visitor = await Visitor.enter(house.url);
        await visitor.whenInstrumentsAreReady('NIFTY');
        const screen = await screens.show(house.url, { cookie: visitor.cookie });
        await screen.tableShown();
        await screen.page.keyboard.press('4');
        await followSlots(visitor, screen, 4, WHOLE_CHAIN);
        await screen.shot('live-recorded-day');
      });
    }),
);
