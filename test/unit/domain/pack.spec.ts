import { packQuote, unpackLeg } from '../../../server/domain/pack.js';
import { aLeg, aQuote, aSnapshot, aStrike, slotAt } from '../../factories/chain.factory.js';

const packLegs = (...legs: Parameters<typeof aLeg>[0][]) =>
  aSnapshot({ strikes: legs.map((leg, i) => aStrike(100 + i, aLeg(leg), null)) });

describe('packing an answer', () => {
  it('should sort strikes and number legs call, put by strike', () => {
    const { strikes, oi, present } = aSnapshot({
      strikes: [aStrike(200.5, 3, 4), aStrike(100, 1, null), aStrike(300, null, null)],
    });
    expect([...strikes]).toEqual([100, 200.5, 300]);
    expect([...oi]).toEqual([1, NaN, 3, 4, NaN, NaN]);
    expect([...present]).toEqual([1, 0, 1, 1, 0, 0]);
  });

  it('should keep slot, capture time, source and spot', () => {
    expect(packQuote(aQuote({ spot: 99.95 }), slotAt(3), 7, 'import')).toMatchObject({
      slot: slotAt(3),
      capturedAt: 7,
      source: 'import',
      spot: 99.95,
    });
  });

  it.each([null, 0, -0, -1, NaN, Infinity])('should call a spot of %p unknown', (spot) => {
    expect(aSnapshot({ spot }).spot).toBeNull();
  });

  it('should refuse an answer that names a strike twice', () => {
    expect(() => aSnapshot({ strikes: [aStrike(100), aStrike(90), aStrike(100)] })).toThrow(
      new RangeError('strike 100 stands twice in one answer'),
    );
  });

  it.each([0, -50, NaN, Infinity])('should refuse a strike of %p', (strike) => {
    expect(() => aSnapshot({ strikes: [aStrike(strike)] })).toThrow(RangeError);
  });

  it.each([-1, 0.5, NaN, Infinity, 1e308])('should call %p units unknown', (value) => {
    const snapshot = packLegs({ oi: value, prevOi: value, volume: value });
    expect(unpackLeg(snapshot, 0)).toEqual({ oi: null, prevOi: null, ltp: 100, volume: null });
  });

  it.each([-0.05, NaN, Infinity])('should call a price of %p unknown', (ltp) => {
    expect(unpackLeg(packLegs({ ltp }), 0)?.ltp).toBeNull();
  });

  it('should give back what it packed, 0 and unknown apart, and no -0', () => {
    const legs = [aLeg(), aLeg({ oi: 0, volume: null }), aLeg({ oi: null, ltp: null, prevOi: null })];
    const snapshot = packLegs(...legs, { oi: -0, ltp: -0 });
    legs.forEach((leg, i) => expect(unpackLeg(snapshot, 2 * i)).toEqual(leg));
    expect(unpackLeg(snapshot, 6)).toEqual(aLeg({ oi: 0, ltp: 0 }));
    expect([snapshot.oi[6], snapshot.ltp[6]]).toEqual([0, 0]);
  });

  it('should give null for a leg that was not in the answer', () => {
    const snapshot = packLegs({});
    expect(unpackLeg(snapshot, 1)).toBeNull();
    expect(unpackLeg(snapshot, -1)).toBeNull();
    expect(unpackLeg(snapshot, 99)).toBeNull();
  });
});
