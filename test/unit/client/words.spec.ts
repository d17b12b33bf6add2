import { advice, ApiError, callbackProblem, problemOf } from '../../../client/lib/errors.js';
import { expiryMark } from '../../../client/lib/days.js';
import { cellName, parseCell } from '../../../client/lib/cell-name.js';
import { explain } from '../../../client/lib/explain.js';
import { keyAction } from '../../../client/lib/keys.js';
import { reasonText } from '../../../client/lib/reasons.js';
import { formatRoute, parseRoute, underlyingOf } from '../../../client/lib/route.js';
import { searchUnderlyings } from '../../../client/lib/search.js';
import {
  dayName,
  duration,
  istDate,
  istInstant,
  istMinute,
  istSecond,
  nearTime,
} from '../../../client/lib/time.js';
import type { Leg, Table, UnderlyingInfo, UnknownReason } from '../../../server/protocol/index.js';

const SLOT = Date.parse('2026-08-18T14:32:00+05:30');
const MINUTE_MS = 60_000;

describe('time in India', () => {
  it('should not depend on the zone of the machine', () => {
    expect([istMinute(SLOT), istSecond(SLOT + 3_000), istDate(SLOT), dayName(SLOT)]).toEqual([
      '14:32',
      '14:32:03',
      '2026-08-18',
      'Tue 18 Aug',
    ]);
    expect(istDate(Date.parse('2026-08-18T23:59:59+05:30'))).toBe('2026-08-18');
    expect(istSecond(Date.parse('2026-08-18T00:00:00+05:30'))).toBe('00:00:00');
    expect(istInstant('2026-08-18', '14:32')).toBe(SLOT);
  });
  it('should name the day of a time that is not today', () =>
    expect([nearTime(SLOT, SLOT), nearTime(SLOT + 86_400_000, SLOT)]).toEqual(['14:32', '19 Aug 14:32']));
  it.each([
    [-5, '0 s'],
    [8_900, '8 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [200_000_000, '2 d'],
  ])('should write %d ms as %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('reasons', () => {
  const all: UnknownReason[] = ['oi-unknown', 'no-history', 'gap', 'base-unknown', 'not-listed'];
  it('should put each in other words, with the time it is about', () => {
    const texts = all.map((reason) => reasonText(reason, 5, SLOT));
    expect(new Set(texts).size).toBe(all.length);
    expect(texts[0]).toContain('14:32');
    for (const text of texts.slice(1)) expect(text).toContain('14:27');
  });
});

describe('links', () => {
  const nifty = info('NSE_INDEX|Nifty 50', 'NIFTY', 'INDEX');
  const mm = info('NSE_EQ|INE101A01026', 'M&M', 'EQUITY');
  const twin = info('BSE_EQ|INE101A01026', 'M&M', 'EQUITY');
  const all = [nifty, mm, twin];
  it('should come back to the same chain', () => {
    for (const chosen of all) {
      const route = parseRoute(formatRoute(all, chosen, '2026-08-18'));
      expect(route?.expiry).toBe('2026-08-18');
      expect(underlyingOf(all, route?.underlying ?? '')).toBe(chosen);
    }
  });
  it('should be readable', () => expect(formatRoute(all, nifty, '2026-08-18')).toBe('#/NIFTY/2026-08-18'));
  it.each(['', '#', '#/', '#/%E0%A4%A/2026-08-18', '#/NIFTY/soon'])('should name nothing: %j', (hash) =>
    expect(parseRoute(hash)).toBeNull(),
  );
});

describe('search', () => {
  const all = [
    info('a', 'NIFTY', 'INDEX', 'Nifty 50'),
    info('b', 'BANKNIFTY', 'INDEX', 'Nifty Bank'),
    info('c', 'BANKINDIA', 'EQUITY', 'Bank of India'),
    info('d', 'M&M', 'EQUITY', 'Mahindra & Mahindra'),
    info('e', 'NIFTEX', 'EQUITY', 'Textiles'),
  ];
  const symbols = (query: string): string[] => searchUnderlyings(all, query).map((u) => u.symbol);
  it('should put indices first among equals', () =>
    expect(symbols('bank')).toEqual(['BANKNIFTY', 'BANKINDIA']));
  it('should put the exact symbol before its beginning', () => expect(symbols('nifty')[0]).toBe('NIFTY'));
  it('should search names and odd symbols', () => {
    expect(symbols('mahin')).toEqual(['M&M']);
    expect(symbols('m&m')).toEqual(['M&M']);
  });
  it('should keep the order of the list when nothing is typed', () =>
    expect(symbols(' ')).toEqual(all.map((u) => u.symbol)));
});

describe('keys', () => {
  const press = (key: string, mods: object = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...mods,
  });
  it('should act on plain keys', () => {
    expect(keyAction(press('/'), false)).toEqual({ do: 'search' });
    expect(keyAction(press('4'), false)).toEqual({ do: 'reach', reach: 'all' });
    expect(keyAction(press('P'), false)).toEqual({ do: 'measure' });
  });
  it('should not steal keys while someone types or holds a modifier', () => {
    expect(keyAction(press('/'), true)).toBeNull();
    expect(keyAction(press('p', { ctrlKey: true }), false)).toBeNull();
  });
});

describe('expiry marks', () => {
  it.each([
    [0, true, 'W · expires today'],
    [7, false, 'M · 7 d'],
    [3, null, '3 d'],
    [-1, true, 'W · expired'],
  ])('should mark %d days, weekly %s, as %s', (daysToExpiry, weekly, mark) =>
    expect(expiryMark({ expiry: '2026-08-18', daysToExpiry, weekly, contracts: 1 })).toBe(mark),
  );
});

describe('problems', () => {
  it('should keep what the server said and say what to do', () => {
    const problem = problemOf(
      new ApiError({ code: 'unknown-expiry', message: 'There is no such expiry.' }, 404),
    );
    expect(problem.message).toBe('There is no such expiry.');
    expect(advice(problem)).toContain('expiry');
  });
  it('should not hide a fault of the page', () =>
    expect(problemOf(new Error('boom')).message).toContain('boom'));
  it('should not repeat text from the address', () =>
    expect(callbackProblem('<b>x</b>')).not.toContain('<b>'));
});

describe('explain', () => {
  const leg: Leg = {
    instrumentKey: 'k',
    oi: 1_300_000,
    prevOi: 0,
    dayChange: { abs: 1_300_000, pct: null },
    ltp: 12.5,
    volume: null,
    changes: [
      { abs: -130_000, pct: -9.0909, baseSlot: SLOT - 4 * MINUTE_MS, backfilled: true, buildUp: 'SC' },
      null,
    ],
    reasons: [null, 'gap'],
  };
  const table = {
    slot: SLOT,
    intervals: [3, 5],
    underlying: { lotSize: 65 },
    rows: [{ strike: 24_200, call: leg, put: null }],
  } as unknown as Table;
  const told = (cell: string): string => {
    const ref = parseCell(cell);
    const text = ref && explain(table, ref);
    return text ? [text.title, ...text.facts.flat(), ...text.notes].join(' | ') : 'nothing';
  };

  it('should give base, now, formula, build-up and the mark of a rebuilt base', () => {
    const text = told('call:24200:w0');
    for (const part of [
      '24,200 CE',
      '14:28',
      '14,30,000',
      '13,00,000',
      '−1,30,000 (−2,000 lots)',
      '−9.1 %',
      'SC',
      'candles',
    ])
      expect(text).toContain(part);
  });
  it('should give the reason where there is no value', () => expect(told('call:24200:w1')).toContain('gap'));
  it('should call a change from 0 new', () => expect(told('call:24200:today')).toContain('new'));
  it('should say so when a contract is not listed', () =>
    expect(told('put:24200:oi')).toContain('not listed'));
  it('should know its own names and no others', () => {
    const ref = { side: 'put', strike: 1_002.5, column: 'w3' } as const;
    expect(parseCell(cellName(ref))).toEqual(ref);
    expect(parseCell('put:x:w1')).toBeNull();
    expect(told('call:1:oi')).toBe('nothing');
  });
});

function info(key: string, symbol: string, kind: UnderlyingInfo['kind'], name = symbol): UnderlyingInfo {
  return { key, symbol, name, exchange: 'NSE', kind, lotSize: 1, nearestExpiry: null };
}
