import { buildUp } from '../../../server/domain/build-up.js';

describe('the build-up label', () => {
  it.each([
    ['LB', 'price up, OI up', 1_100, 110],
    ['SB', 'price down, OI up', 1_100, 90],
    ['SC', 'price up, OI down', 900, 110],
    ['LU', 'price down, OI down', 900, 90],
  ])('should be %s for %s', (label, _move, oi, ltp) => {
    expect(buildUp(oi, 1_000, ltp, 100)).toBe(label);
  });

  it('should be flat inside either dead band, and not on its edge', () => {
    expect(buildUp(1_100, 1_000, 400.9, 400)).toBe('flat');
    expect(buildUp(1_100, 1_000, 401, 400)).toBe('LB');
    expect(buildUp(1_002, 1_000, 110, 100)).toBe('flat');
    expect(buildUp(1_003, 1_000, 110, 100)).toBe('LB');
    expect(buildUp(997, 1_000, 110, 100)).toBe('SC');
  });

  it('should count OI that appears as beyond the band, and 0 that stays 0 as flat', () => {
    expect(buildUp(1, 0, 110, 100)).toBe('LB');
    expect(buildUp(0, 0, 110, 100)).toBe('flat');
    expect(buildUp(0, 1_000, 90, 100)).toBe('LU');
  });

  it('should be unknown without two prices; 0 is no price', () => {
    expect(buildUp(1_100, 1_000, null, 100)).toBeNull();
    expect(buildUp(1_100, 1_000, 100, null)).toBeNull();
    expect(buildUp(1_100, 1_000, 100, 0)).toBeNull();
    expect(buildUp(1_100, 1_000, 0, 100)).toBeNull();
  });
});
