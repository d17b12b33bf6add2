import { Acceptance, type Verdict } from '../../../server/domain/acceptance.js';
import type { CaptureSource, ChainQuote } from '../../../server/domain/snapshot.js';
import { aHistory, aLeg, aQuote, aSnapshot, aStrike, slotAt } from '../../factories/chain.factory.js';

const judge = (sut: Acceptance, minute: number, quote: ChainQuote, source: CaptureSource = 'live') =>
  sut.judge(quote, slotAt(minute), slotAt(minute) + 1_000, source);

/** Judges and commits. */
function take(sut: Acceptance, minute: number, quote: ChainQuote, source: CaptureSource = 'live'): Verdict {
  const verdict = judge(sut, minute, quote, source);
  sut.commit(verdict);
  return verdict;
}

const oneCall = (call: Parameters<typeof aLeg>[0], other = aLeg()) =>
  aQuote({ strikes: [aStrike(100, aLeg(call), other)] });
const withVolume = (volume: number | null) => oneCall({ volume }, aLeg({ volume: null }));
const allZero = aQuote({ strikes: [aStrike(100, 0, 0), aStrike(110, 0, null)] });
const oiOf = (verdict: Verdict, leg = 0) => (verdict.accepted ? verdict.snapshot.oi[leg] : 'refused');

describe('an ordinary answer', () => {
  it('should be accepted, packed', () => {
    const verdict = judge(new Acceptance(aHistory()), 0, aQuote());
    expect(verdict).toEqual({
      accepted: true,
      snapshot: { ...aSnapshot(), capturedAt: slotAt(0) + 1_000 },
      phantomLegs: 0,
      unknownLegs: 0,
      afterRefusals: false,
    });
  });

  it('should count nothing before it is committed', () => {
    const sut = new Acceptance(aHistory());
    judge(sut, 0, aQuote());
    judge(sut, 1, allZero);
    expect([sut.history.size, sut.consecutiveRefusals]).toEqual([0, 0]);
    expect(sut.commit(judge(sut, 2, aQuote()))).toBe(true);
    expect(sut.history.slots()).toEqual([slotAt(2)]);
  });

  it('should change nothing when its slot is there already', () => {
    const sut = Acceptance.restore(aHistory([aSnapshot({ minute: 2 })]), 2);
    expect(sut.commit(judge(sut, 2, aQuote({ spot: 1 })))).toBe(false);
    expect(sut.history.latest()?.spot).toBe(24_010);
    expect(sut.consecutiveRefusals).toBe(2);
  });
});

describe('an answer of zeros', () => {
  it('should be refused when every known OI is 0', () => {
    const quote = aQuote({ strikes: [aStrike(100, 0, aLeg({ oi: null })), aStrike(110, 0, null)] });
    expect(judge(new Acceptance(aHistory()), 0, quote)).toEqual({
      accepted: false,
      reason: 'all-zero',
      detail: expect.stringContaining('2 legs at 0'),
      slot: slotAt(0),
      source: 'live',
    });
  });

  it('should be refused when no OI is known', () => {
    for (const strikes of [[], [aStrike(100, aLeg({ oi: null }), null)], [aStrike(100, -5, 1.5)]]) {
      expect(judge(new Acceptance(aHistory()), 0, aQuote({ strikes }))).toMatchObject({ reason: 'all-zero' });
    }
  });

  it('should be accepted when one OI is above 0', () => {
    expect(judge(new Acceptance(aHistory()), 0, oneCall({ oi: 0 })).accepted).toBe(true);
  });
});

describe('an answer whose volume runs backwards', () => {
  it('should be refused when it is below the last accepted answer', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, withVolume(1_000));
    expect(judge(sut, 5, withVolume(999))).toMatchObject({
      reason: 'stale-volume',
      detail: 'volume 999 is below 1000 of 09:15 IST over the 1 legs both carry',
    });
    expect(judge(sut, 5, withVolume(1_000)).accepted).toBe(true);
  });

  it('should compare the sum, not each leg', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, oneCall({ volume: 500 }, aLeg({ volume: 500 })));
    expect(judge(sut, 1, oneCall({ volume: 100 }, aLeg({ volume: 900 }))).accepted).toBe(true);
    expect(judge(sut, 1, oneCall({ volume: 100 }, aLeg({ volume: 899 }))).accepted).toBe(false);
  });

  it('should look only at legs whose volume both answers give', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, aQuote({ strikes: [aStrike(100, aLeg({ volume: 10 }), aLeg({ volume: 9_000 }))] }));
    const putGone = aQuote({ strikes: [aStrike(100, aLeg({ volume: 10 }), null), aStrike(110)] });
    expect(judge(sut, 1, putGone).accepted).toBe(true);
    expect(judge(sut, 1, oneCall({ volume: 10 }, aLeg({ volume: null }))).accepted).toBe(true);
    expect(judge(sut, 1, aQuote({ strikes: [aStrike(110)] })).accepted).toBe(true);
  });

  it('should measure against the last accepted answer, not a refused one', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, withVolume(1_000));
    take(sut, 1, withVolume(500));
    expect(take(sut, 2, withVolume(900)).accepted).toBe(false);
    expect(take(sut, 3, withVolume(1_001)).accepted).toBe(true);
    expect(take(sut, 4, withVolume(1_000)).accepted).toBe(false);
  });

  it('should not measure against a rebuilt slot, nor judge one by volume', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, withVolume(5_000), 'backfill');
    expect(take(sut, 1, withVolume(10)).accepted).toBe(true);
    expect(take(sut, 2, withVolume(1), 'backfill').accepted).toBe(true);
    expect(take(sut, 3, withVolume(9)).accepted).toBe(false);
  });

  it('should measure against earlier slots only', () => {
    const sut = new Acceptance(aHistory([aSnapshot({ minute: 9, ...withVolume(1_000) })]));
    expect(judge(sut, 8, withVolume(1)).accepted).toBe(true);
    expect(judge(sut, 9, withVolume(1)).accepted).toBe(true);
  });
});

describe('refusals in a row', () => {
  it('should let the fourth pass, which becomes the reference', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, withVolume(1_000));
    for (const minute of [1, 2, 3]) expect(take(sut, minute, withVolume(100)).accepted).toBe(false);
    expect(sut.consecutiveRefusals).toBe(3);
    expect(take(sut, 4, withVolume(90))).toMatchObject({ accepted: true, afterRefusals: true });
    expect(sut.consecutiveRefusals).toBe(0);
    expect(take(sut, 5, withVolume(89)).accepted).toBe(false);
    expect(take(sut, 6, withVolume(90))).toMatchObject({ accepted: true, afterRefusals: false });
  });

  it('should count refusals of both kinds, and start again after an accepted answer', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, withVolume(1_000));
    take(sut, 1, allZero);
    take(sut, 2, withVolume(1));
    take(sut, 3, withVolume(2_000));
    for (const minute of [4, 5, 6]) expect(take(sut, minute, allZero).accepted).toBe(false);
    expect(take(sut, 7, allZero)).toMatchObject({ accepted: true, afterRefusals: true });
  });

  it('should not mark a fourth answer that is sound', () => {
    const sut = Acceptance.restore(aHistory(), 3);
    expect(judge(sut, 0, aQuote())).toMatchObject({ accepted: true, afterRefusals: false });
  });

  it('should not count rebuilt slots either way', () => {
    const sut = Acceptance.restore(aHistory(), 3);
    expect(take(sut, 0, allZero, 'backfill').accepted).toBe(false);
    expect(take(sut, 1, aQuote(), 'backfill').accepted).toBe(true);
    expect(sut.consecutiveRefusals).toBe(3);
  });

  it('should go on after a restart where it stopped', () => {
    const before = new Acceptance(aHistory());
    take(before, 0, withVolume(1_000));
    take(before, 1, withVolume(1));
    const after = Acceptance.restore(aHistory([before.history.latest()!]), before.consecutiveRefusals);
    for (const minute of [2, 3]) expect(take(after, minute, withVolume(2)).accepted).toBe(false);
    expect(take(after, 4, withVolume(2)).accepted).toBe(true);
  });
});

describe('a phantom zero', () => {
  const sutWith = (call: Parameters<typeof aLeg>[0]) => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, oneCall(call));
    return sut;
  };

  it('should be unknown when the volume has not risen', () => {
    const verdict = judge(sutWith({ oi: 500, volume: 10 }), 1, oneCall({ oi: 0, volume: 10 }));
    expect(verdict).toMatchObject({ accepted: true, phantomLegs: 1, unknownLegs: 1 });
    expect(oiOf(verdict)).toBeNaN();
  });

  it('should be believed when the volume has risen', () => {
    const verdict = judge(sutWith({ oi: 500, volume: 10 }), 1, oneCall({ oi: 0, volume: 11 }));
    expect(verdict).toMatchObject({ phantomLegs: 0, unknownLegs: 0 });
    expect(oiOf(verdict)).toBe(0);
  });

  it('should be unknown when a volume is not given', () => {
    expect(oiOf(judge(sutWith({ oi: 500, volume: null }), 1, oneCall({ oi: 0, volume: 9 })))).toBeNaN();
    expect(oiOf(judge(sutWith({ oi: 500, volume: 9 }), 1, oneCall({ oi: 0, volume: null })))).toBeNaN();
  });

  it('should be believed where the last known OI was 0 or there was none', () => {
    expect(oiOf(judge(sutWith({ oi: 0, volume: 10 }), 1, oneCall({ oi: 0, volume: 10 })))).toBe(0);
    expect(oiOf(judge(sutWith({ oi: null }), 1, oneCall({ oi: 0 })))).toBe(0);
    expect(oiOf(judge(new Acceptance(aHistory()), 1, oneCall({ oi: 0 })))).toBe(0);
  });

  it('should stay unknown over slots until volume rises or OI comes back', () => {
    const sut = sutWith({ oi: 500, volume: 10 });
    expect(oiOf(take(sut, 1, oneCall({ oi: 0, volume: 10 })))).toBeNaN();
    expect(oiOf(take(sut, 2, oneCall({ oi: null, volume: 10 })))).toBeNaN();
    expect(oiOf(take(sut, 3, oneCall({ oi: 0, volume: 10 })))).toBeNaN();
    expect(oiOf(take(sut, 4, oneCall({ oi: 510, volume: 10 })))).toBe(510);
    expect(oiOf(take(sut, 5, oneCall({ oi: 0, volume: 12 })))).toBe(0);
    expect(oiOf(take(sut, 6, oneCall({ oi: 0, volume: 12 })))).toBe(0);
  });

  it('should be found by the OI of a rebuilt slot too', () => {
    const sut = new Acceptance(aHistory());
    take(sut, 0, oneCall({ oi: 500, volume: null }), 'backfill');
    expect(oiOf(judge(sut, 1, oneCall({ oi: 0, volume: 10 })))).toBeNaN();
  });

  it('should not touch the answer that was handed in', () => {
    const quote = oneCall({ oi: 0, volume: 10 });
    judge(sutWith({ oi: 500, volume: 10 }), 1, quote);
    expect(quote.strikes[0]?.call?.oi).toBe(0);
  });

  it('should leave a chain of zeros that is let pass unknown where OI was known', () => {
    const sut = new Acceptance(aHistory([aSnapshot({ strikes: [aStrike(100, 500, 0)] })]), 3);
    const verdict = judge(sut, 1, allZero);
    expect(verdict).toMatchObject({ accepted: true, afterRefusals: true, phantomLegs: 1 });
    expect([oiOf(verdict, 0), oiOf(verdict, 1), oiOf(verdict, 2)]).toEqual([NaN, 0, 0]);
  });
});

describe('unknown legs', () => {
  it('should count legs without OI and legs listed before that are missing', () => {
    const sut = new Acceptance(
      aHistory([aSnapshot({ strikes: [aStrike(100, 1, 1), aStrike(110, 1, null)] })]),
    );
    const quote = aQuote({
      strikes: [aStrike(100, 1, aLeg({ oi: null })), aStrike(120, aLeg({ oi: -1 }), 1)],
    });
    expect(judge(sut, 1, quote)).toMatchObject({ unknownLegs: 3 });
  });

  it('should not count legs that were listed only later', () => {
    const later = aSnapshot({ minute: 5, strikes: [aStrike(100, 1, 1)] });
    const sut = new Acceptance(aHistory([aSnapshot({ strikes: [aStrike(100, 1, null)] }), later]));
    const quote = aQuote({ strikes: [aStrike(100, 1, null)] });
    expect(judge(sut, 3, quote, 'backfill')).toMatchObject({ unknownLegs: 0 });
  });
});
