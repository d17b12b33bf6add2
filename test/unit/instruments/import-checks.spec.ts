import { istAt } from '../../../server/domain/slot.js';
import {
  inferAsOf,
  refuseBroken,
  refuseOlder,
  refuseSmall,
  validFrom,
} from '../../../server/instruments/import-checks.js';
import type { KnownContract } from '../../../server/instruments/import-diff.js';
import { MasterList } from '../../../server/instruments/master-list.js';
import { parseMasterRow } from '../../../server/instruments/master-row.js';
import { chainRows } from './master-rows.js';

function listOf(expiry: string, strikes = 10): MasterList {
  const list = new MasterList();
  for (const row of chainRows(expiry, strikes, 1)) list.add(parseMasterRow(row));
  list.finish();
  return list;
}

describe('import checks', () => {
  it('should date a file of unknown age to the morning of its earliest expiry when that has passed', () => {
    const { contracts } = listOf('2026-08-18');
    expect(inferAsOf(contracts, istAt('2026-11-22', '10:00'))).toBe(istAt('2026-08-18', '06:00'));
    const now = istAt('2026-08-18', '11:00');
    expect(inferAsOf(contracts, now)).toBe(now);
  });

  it('should let the first list of a day hold for all of it, a later one from when it was read', () => {
    const morning = istAt('2026-08-18', '06:05');
    expect(validFrom(morning, null)).toBe(istAt('2026-08-18', '00:00'));
    expect(validFrom(morning, istAt('2026-08-17', '23:00'))).toBe(istAt('2026-08-18', '00:00'));
    expect(validFrom(istAt('2026-08-18', '11:00'), morning)).toBe(istAt('2026-08-18', '11:00'));
  });

  it('should refuse a list of an earlier day, but take one of the same day again', () => {
    const last = istAt('2026-08-18', '11:00');
    expect(() => refuseOlder(istAt('2026-08-17', '23:59'), last)).toThrow(
      expect.objectContaining({ why: 'older' }),
    );
    expect(() => refuseOlder(istAt('2026-08-18', '06:00'), last)).not.toThrow();
    expect(() => refuseOlder(istAt('2026-08-17', '06:00'), null)).not.toThrow();
  });

  it('should refuse the whole file when more than a tenth of its contracts is broken', () => {
    const list = listOf('2026-08-18');
    list.refuse('lot_size is 0', 'NSE_FO|1');
    list.refuse('lot_size is 0', 'NSE_FO|2');
    expect(() => refuseBroken(list, [])).not.toThrow();
    list.refuse('lot_size is 0', 'NSE_FO|3');
    expect(() => refuseBroken(list, [])).toThrow(expect.objectContaining({ why: 'broken-rows' }));
  });

  describe('F19 a list that is too small', () => {
    const known = (expiry: string, count: number): KnownContract[] =>
      listOf(expiry, 1_000)
        .contracts.slice(0, count)
        .map((contract, id) => ({
          ...{ id, underlyingId: 1, underlyingKey: contract.underlying.key, listed: true },
          ...{ exchange: contract.underlying.exchange, expiry, strike: contract.strike, type: contract.type },
          ...{
            lotSize: 65,
            weekly: true,
            tradingSymbol: null,
            futureKey: null,
            instrumentKey: `NSE_FO|${id}`,
          },
        }));
    const list = (count: number) => listOf('2026-08-25', 1_000).contracts.slice(0, count);
    const EXPIRED = known('2026-08-18', 2_000);
    const TRADES = known('2026-08-25', 2_000);

    it('should be refused below nine tenths of what still trades, and taken from there on', () => {
      expect(() => refuseSmall(list(1_799), TRADES, '2026-08-19')).toThrow(
        expect.objectContaining({
          why: 'too-small',
          message: expect.stringContaining('only 1799 NSE contracts, the list in use has 2000.'),
        }),
      );
      expect(() => refuseSmall(list(1_800), TRADES, '2026-08-19')).not.toThrow();
    });

    it('should not be measured by what has expired, on either side', () => {
      expect(() => refuseSmall(list(2_000), [...EXPIRED, ...TRADES], '2026-08-19')).not.toThrow();
      const padded = [...list(1_000), ...listOf('2026-08-18', 1_000).contracts];
      expect(() => refuseSmall(padded, [...EXPIRED, ...TRADES], '2026-08-19')).toThrow(
        /only 1000 NSE contracts/,
      );
      expect(() => refuseSmall(list(2_000), [...EXPIRED, ...TRADES], '2026-08-18')).toThrow(
        /only 2000 NSE contracts/,
      );
    });

    it('should be taken when it has lost a few contracts, unless hardly any are left', () => {
      const few = known('2026-08-25', 110);
      expect(() => refuseSmall(list(11), few, '2026-08-19')).not.toThrow();
      expect(() => refuseSmall(list(10), few, '2026-08-19')).toThrow(/only 10 NSE contracts/);
      const mostExpired = [...few, ...known('2026-08-18', 110)];
      expect(() => refuseSmall(list(21), mostExpired, '2026-08-19')).toThrow(/only 21 NSE contracts/);
    });

    it('should not be measured by what the list in use has no longer', () => {
      const gone = TRADES.map((one) => ({ ...one, listed: false }));
      expect(() => refuseSmall(list(1), gone, '2026-08-19')).not.toThrow();
    });
  });

  it('should refuse a file without the exchange that was asked for', () => {
    expect(() => refuseBroken(listOf('2026-08-18'), ['NSE', 'MCX'])).toThrow(/no contracts of MCX/);
  });
});
