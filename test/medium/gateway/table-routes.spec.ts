import type { Leg, Table } from '../../../server/protocol/index.js';
import { isoIst } from '../../../server/domain/slot.js';
import { at, NIFTY, openHouse, slotAtTime, type House } from '../../support/house.js';

let house: House;
let cookie: string;
const CHAIN = `/api/chains/${encodeURIComponent(NIFTY.underlying)}/${NIFTY.expiry}/table`;

beforeEach(async () => {
  house = await openHouse({ listening: true });
  cookie = await house.signIn();
  await house.tick();
  for (const minute of ['10:01', '10:02', '10:03']) await house.tick(minute);
});
afterEach(() => house.close());

const get = (path: string): Promise<Response> => fetch(`${house.base()}${path}`, { headers: { cookie } });

async function table(query = ''): Promise<Table> {
  const answer = await get(CHAIN + query);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  return (await answer.json()) as Table;
}

/** Cells of one line; the house has no text with commas. */
const cells = (line: string): string[] => line.split(',');
const shown = (value: number | null | undefined): string => (value == null ? '' : String(value));

describe('a table over HTTP', () => {
  it('should be the one that was pushed, whole', async () => {
    expect(await table()).toEqual(house.published.at(-1)!.table);
  });

  it('should be the same by the symbol of its underlying', async () => {
    const answer = await get(`/api/chains/NIFTY/${NIFTY.expiry}/table`);
    expect(await answer.json()).toEqual(house.published.at(-1)!.table);
  });

  it.each([1, 3, 5])(
    'should have %i strikes on either side of ATM where asked, and the totals of all',
    async (n) => {
      const [whole, part] = [await table(), await table(`?window=${n}`)];
      const strikes = whole.rows.map(({ strike }) => strike);
      const atm = strikes.indexOf(whole.atmStrike!);
      expect(part.rows.map(({ strike }) => strike)).toEqual(strikes.slice(Math.max(0, atm - n), atm + n + 1));
      expect(part.totals).toEqual(whole.totals);
    },
  );

  it('should be that of the moment asked for, or of the newest minute before it', async () => {
    const past = await table(`?at=${encodeURIComponent(isoIst(at('10:01') + 59_000))}`);
    expect(past.slot).toBe(slotAtTime('10:01'));
    const { seq, ...pushed } = house.published.find(({ table: one }) => one.slot === past.slot)!.table;
    expect(past).toEqual({ ...pushed, seq: past.seq });
    expect(seq).toBeGreaterThan(0);
  });
});

describe('a table as CSV', () => {
  it('should hold every number of the table, and nothing where one is not known', async () => {
    const answer = await get(`${CHAIN}.csv`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    const whole = await table();
    const [head, ...lines] = (await answer.text()).trim().split(/\r?\n/).map(cells);
    expect(lines).toHaveLength(whole.rows.length);
    const column = (line: string[], name: string): string | undefined => line[head!.indexOf(name)];
    whole.rows.forEach((row, i) => {
      const line = lines[i]!;
      expect(column(line, 'strike')).toBe(String(row.strike));
      expect(column(line, 'slot_ist')).toBe(isoIst(whole.slot));
      for (const [side, leg] of Object.entries({ call: row.call, put: row.put }) as [string, Leg | null][]) {
        expect(column(line, `${side}_oi_units`)).toBe(shown(leg?.oi));
        expect(column(line, `${side}_ltp_rupees`)).toBe(shown(leg?.ltp));
        whole.intervals.forEach((minutes, w) => {
          const change = leg?.changes[w] ?? null;
          expect(column(line, `${side}_${minutes}m_units`)).toBe(shown(change?.abs));
          expect(column(line, `${side}_${minutes}m_pct`)).toBe(shown(change?.pct));
          expect(column(line, `${side}_${minutes}m_base_ist`)).toBe(change ? isoIst(change.baseSlot) : '');
        });
      }
    });
  });

  it('should follow ?window= and ?at= as the table does', async () => {
    const answer = await get(`${CHAIN}.csv?window=2&at=${encodeURIComponent(isoIst(at('10:02')))}`);
    const [, ...lines] = (await answer.text()).trim().split(/\r?\n/);
    // Two below ATM, and the last strike above it.
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(cells(line)[2]).toBe(isoIst(slotAtTime('10:02')));
  });
});
