import fc from 'fast-check';
import { aHistory, aSnapshot, aStrike, SESSION_START, slotAt } from '../../factories/chain.factory.js';

const minutes = (...list: number[]) => list.map((minute) => aSnapshot({ minute }));

describe('the history of a session', () => {
  it('should be empty at first', () => {
    const history = aHistory();
    expect([history.size, history.firstSlot, history.latest(), history.firstAnswerSlot]).toEqual([
      0,
      null,
      null,
      null,
    ]);
    expect(history.newestBefore(Infinity)).toBeNull();
    expect([...history.inRange(-Infinity, Infinity)]).toEqual([]);
    expect([...history.strikes()]).toEqual([]);
  });

  it('should sort by slot whatever the order of adding', () => {
    const history = aHistory(minutes(5, 1, 9, 3));
    expect(history.slots()).toEqual([1, 3, 5, 9].map(slotAt));
    expect(history.firstSlot).toBe(slotAt(1));
    expect(history.latest()?.slot).toBe(slotAt(9));
  });

  it('should keep the first snapshot of a slot and say so', () => {
    const history = aHistory();
    const first = aSnapshot({ minute: 2, spot: 1 });
    expect(history.add(first)).toBe(true);
    expect(history.add(aSnapshot({ minute: 2, spot: 2, strikes: [aStrike(1)] }))).toBe(false);
    expect(history.at(slotAt(2))).toBe(first);
    expect(history.size).toBe(1);
    expect(history.strikes()).not.toContain(1);
  });

  it('should refuse a slot before the session', () => {
    expect(() => aHistory([], SESSION_START).add(aSnapshot({ minute: -1 }))).toThrow(RangeError);
  });

  it('should find by slot, and the newest before and at a time', () => {
    const history = aHistory(minutes(1, 3, 5));
    expect(history.at(slotAt(3))?.slot).toBe(slotAt(3));
    expect(history.at(slotAt(4))).toBeNull();
    expect(history.newestBefore(slotAt(3))?.slot).toBe(slotAt(1));
    expect(history.newestAtOrBefore(slotAt(3))?.slot).toBe(slotAt(3));
    expect(history.newestAtOrBefore(slotAt(3) - 1)?.slot).toBe(slotAt(1));
    expect(history.newestBefore(slotAt(1))).toBeNull();
    expect(history.newestBefore(Infinity)?.slot).toBe(slotAt(5));
  });

  it('should walk a range newest first, both ends included', () => {
    const history = aHistory(minutes(1, 2, 3, 4, 5));
    const slots = [...history.inRange(slotAt(2), slotAt(4))].map((snapshot) => snapshot.slot);
    expect(slots).toEqual([4, 3, 2].map(slotAt));
    expect([...history.inRange(slotAt(2) + 1, slotAt(3) - 1)]).toEqual([]);
  });

  it('should list every strike of the session, and only those seen by a slot when asked', () => {
    const history = aHistory([
      aSnapshot({ minute: 0, strikes: [aStrike(100), aStrike(9)] }),
      aSnapshot({ minute: 2, strikes: [aStrike(100), aStrike(50.5)] }),
    ]);
    expect([...history.strikes()]).toEqual([9, 50.5, 100]);
    expect([...history.strikes(slotAt(1))]).toEqual([9, 100]);
  });

  it('should keep a leg listed from its first appearance on', () => {
    const history = aHistory([
      aSnapshot({ minute: 5, strikes: [aStrike(100, 1, null)] }),
      aSnapshot({ minute: 3, strikes: [aStrike(100, 1, 1)] }),
      aSnapshot({ minute: 1, strikes: [aStrike(100, null, null)] }),
    ]);
    expect(history.listedSince(100, 'call')).toBe(slotAt(3));
    expect(history.listedSince(100, 'put')).toBe(slotAt(3));
    expect(history.listedSince(101, 'put')).toBeNull();
  });

  it('should number the legs of a snapshot', () => {
    const history = aHistory();
    const snapshot = aSnapshot({ strikes: [aStrike(100), aStrike(110)] });
    expect(history.legIndex(snapshot, 110, 'call')).toBe(2);
    expect(history.legIndex(snapshot, 110, 'put')).toBe(3);
    expect(history.legIndex(snapshot, 105, 'call')).toBe(-1);
    expect(history.legIndex(snapshot, 999, 'put')).toBe(-1);
  });

  it('should tell answers from rebuilt slots', () => {
    const history = aHistory([
      aSnapshot({ minute: 1, source: 'backfill' }),
      aSnapshot({ minute: 7 }),
      aSnapshot({ minute: 4 }),
    ]);
    expect(history.firstAnswerSlot).toBe(slotAt(4));
  });

  it('should hold what a plain sorted map would, for any adds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 })), fc.nat({ max: 31 }), (added, probe) => {
        const history = aHistory(minutes(...added));
        const expected = [...new Set(added)].sort((a, b) => a - b);
        expect(history.slots()).toEqual(expected.map(slotAt));
        const before = expected.filter((minute) => minute < probe).at(-1);
        expect(history.newestBefore(slotAt(probe))?.slot).toBe(
          before === undefined ? undefined : slotAt(before),
        );
      }),
    );
  });
});
