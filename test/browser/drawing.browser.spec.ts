import type { Leg, Row, Table } from '../../server/protocol/index.js';
import { describeInChromium, type Screen, until } from '../support/browser.js';
import { expectedBoard, WHOLE_CHAIN } from '../support/browser-board.js';
import { startFake, type Fake } from '../support/browser-fake.js';
import type { Painting } from '../support/browser-screen.js';

const SIDES = ['call', 'put'] as const;
/** A bar is drawn to half a per cent of its track. */
const HALF_A_PERCENT = 0.005;

/** What a person sees beside the figures, as the browser paints it: bars, grounds, tints and hatches. */
describeInChromium('the drawing of the table', (screens) => {
  let fake: Fake;

  beforeAll(async () => {
    fake = await startFake();
  });
  afterAll(() => fake.tracker.close());

  /** The whole chain in a theme, once its bars have come to rest. */
  async function show(scenario: string, theme: 'dark' | 'light'): Promise<Screen> {
    fake.tracker.set(scenario);
    const screen = await screens.show(fake.url);
    await screen.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await screen.page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    await screen.tableShown();
    await screen.page.keyboard.press('4');
    await screen.boardWhen('the whole chain', ({ rows }) => rows.length === fake.table().rows.length);
    return screen;
  }

  const legs = (table: Table): { row: Row; side: (typeof SIDES)[number]; leg: Leg | null }[] =>
    table.rows.flatMap((row) => SIDES.map((side) => ({ row, side, leg: row[side] })));

  describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
    it('should draw the OI of each leg as a bar that grows away from the strike', async () => {
      const screen = await show('live', theme);
      const table = fake.table();
      const most = Math.max(...legs(table).map(({ leg }) => leg?.oi ?? 0));
      const lengths = (painting: Painting): string[] =>
        legs(table).flatMap(({ row, side, leg }) => {
          const bar = painting.cells[`${side}:${row.strike}:oi`]?.bar;
          if (leg?.oi == null || leg.oi === 0) return [];
          // A small one is drawn as one per cent, so that it is there.
          const share = Math.max(0.01, leg.oi / most);
          return bar && Math.abs(bar.share - share) <= HALF_A_PERCENT
            ? []
            : [`${side} ${row.strike}: ${bar?.share} instead of ${share}`];
        });
      await until('bars of the right length', async () => lengths(await screen.painting()).length === 0);
      const { cells } = await screen.painting();
      const bars = (side: string) =>
        Object.entries(cells).flatMap(([name, { bar }]) => (bar && name.startsWith(side) ? [bar] : []));
      expect(bars('call').length).toBeGreaterThan(20);
      expect(bars('call').every(({ right }) => Math.abs(right) < 1)).toBe(true);
      expect(bars('put').every(({ left }) => Math.abs(left) < 1)).toBe(true);
      const colors = (side: string): Set<string> => new Set(bars(side).map(({ color }) => color));
      expect([colors('call').size, colors('put').size]).toEqual([1, 1]);
      expect([...colors('call')]).not.toEqual([...colors('put')]);
      expect(
        [...colors('call'), ...colors('put')].filter((color) => /, 0\)$|transparent/.test(color)),
      ).toEqual([]);
    });

    it('should shade what is in the money, and the row of ATM, and nothing else', async () => {
      const screen = await show('live', theme);
      const { atmStrike } = fake.table();
      const { grounds, cells } = await screen.painting();
      expect(new Set(Object.values(grounds)).size).toBe(3);
      const wrong = Object.entries(cells).filter(([name, { ground }]) => {
        const [side, strike] = name.split(':');
        const above = Number(strike) - atmStrike!;
        const inMoney = above !== 0 && above < 0 === (side === 'call');
        return ground !== grounds[above === 0 ? 'atm-row' : inMoney ? 'itm' : 'panel'];
      });
      expect(wrong).toEqual([]);
    });

    it('should tint a change the stronger the nearer to its threshold, by direction, and bold beyond it', async () => {
      const screen = await show('alert', theme);
      const { cells } = await screen.painting();
      const tints = new Map<number, string>();
      for (const { cells: shown } of expectedBoard(fake.table(), WHOLE_CHAIN).rows)
        for (const [name, { heat, unknown }] of Object.entries(shown)) {
          if (!/w\d$/.test(name) || unknown) continue;
          const { over, weight } = cells[name]!;
          if (heat === 0) expect([name, over]).toEqual([name, 'none']);
          else expect(over).toMatch(/^linear-gradient/);
          expect([name, weight >= 700]).toEqual([name, Math.abs(heat) >= 5]);
          expect([name, tints.get(heat) ?? over]).toEqual([name, over]);
          tints.set(heat, over);
        }
      // Each step that occurs has a tint of its own, and one direction another colour than the other.
      expect(new Set(tints.values()).size).toBe(tints.size);
      const strength = (step: number): number => Number(/[\d.]+(?=\)\s*,)/.exec(tints.get(step)!)![0]);
      for (const sign of [1, -1]) {
        const steps = [...tints.keys()].filter((step) => step * sign > 0).sort((a, b) => (a - b) * sign);
        expect(steps.length).toBeGreaterThan(2);
        expect(steps.map(strength)).toEqual(steps.map(strength).sort((a, b) => a - b));
      }
    });

    it.each(['gaps', 'young', 'unknown'])(
      'should hatch what is unknown, and nothing else: %s',
      async (scenario) => {
        const screen = await show(scenario, theme);
        const { cells } = await screen.painting();
        let hatched = 0;
        for (const { cells: shown } of expectedBoard(fake.table(), WHOLE_CHAIN).rows)
          for (const [name, { unknown }] of Object.entries(shown)) {
            const { over, bar } = cells[name]!;
            expect([name, over.startsWith('repeating-linear-gradient')]).toEqual([name, unknown]);
            if (unknown) expect([name, bar]).toEqual([name, null]);
            hatched += unknown ? 1 : 0;
          }
        expect(hatched).toBeGreaterThan(0);
      },
    );
  });
});
