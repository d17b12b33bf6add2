import { computeTable } from '../../../server/domain/table.js';
import { aHistory, aLeg, aSnapshot, aStrike, aTableInput } from '../../factories/chain.factory.js';
import type { StrikeQuote } from '../../../server/domain/snapshot.js';

const totals = (strikes: StrikeQuote[], spot: number | null = 100) =>
  computeTable(aTableInput(aHistory([aSnapshot({ spot, strikes })]))).totals;

const blank = aLeg({ oi: null, prevOi: null, ltp: null });

describe('totals', () => {
  it('should sum the known legs of the whole chain', () => {
    expect(totals([aStrike(100, 10, 30), aStrike(110, 40, blank), aStrike(120, null, 20)])).toMatchObject({
      callOi: 50,
      putOi: 50,
      pcr: 1,
      unknownLegs: 1,
      scope: 'whole chain',
    });
  });

  it('should have no PCR without call OI, with call OI 0, or without put OI', () => {
    expect(totals([aStrike(100, blank, 30)])).toMatchObject({ callOi: 0, pcr: null });
    expect(totals([aStrike(100, 0, 30)])).toMatchObject({ callOi: 0, pcr: null });
    expect(totals([aStrike(100, 10, blank)])).toMatchObject({ putOi: 0, pcr: null });
    expect(totals([aStrike(100, 10, 0)])).toMatchObject({ putOi: 0, pcr: 0 });
  });

  it('should sum day changes where they are known, and have none where they are known nowhere', () => {
    const strikes = [
      aStrike(100, aLeg({ oi: 10, prevOi: 25 }), blank),
      aStrike(110, aLeg({ oi: 10, prevOi: null }), aLeg({ oi: null })),
      aStrike(120, aLeg({ oi: 9, prevOi: 0 }), null),
    ];
    expect(totals(strikes)).toMatchObject({ callDayChange: -6, putDayChange: null });
    expect(totals([aStrike(100, aLeg({ oi: 0, prevOi: 25 }), blank)])).toMatchObject({ callDayChange: -25 });
  });

  it('should add the premiums at the ATM strike', () => {
    const strikes = [aStrike(100, aLeg({ ltp: 100.05 }), aLeg({ ltp: 99.1 })), aStrike(110)];
    expect(totals(strikes).straddle).toBe(199.15);
    expect(totals(strikes, null).straddle).toBeNull();
    expect(totals([aStrike(100, blank, aLeg())]).straddle).toBeNull();
    expect(totals([aStrike(100, aLeg({ ltp: 0 }), aLeg())]).straddle).toBeNull();
    expect(totals([aStrike(100, aLeg(), null)]).straddle).toBeNull();
  });

  it('should have max pain over the whole chain, and none when no OI is known', () => {
    expect(totals([aStrike(100, 1, 0), aStrike(110, 5, 5), aStrike(120, 0, 1)]).maxPain).toBe(110);
    expect(totals([aStrike(100, blank, blank)]).maxPain).toBeNull();
  });
});
