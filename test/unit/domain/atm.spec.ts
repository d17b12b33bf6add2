import { atmStrike } from '../../../server/domain/atm.js';

describe('the ATM strike', () => {
  it('should be the listed strike nearest to spot, whatever the steps', () => {
    expect(atmStrike([100, 105, 120, 150], 111)).toBe(105);
    expect(atmStrike([100, 105, 120, 150], 113)).toBe(120);
    expect(atmStrike([100, 105], 9_999)).toBe(105);
    expect(atmStrike([100, 105], 1)).toBe(100);
  });

  it('should be the lower strike on a tie, decimals included', () => {
    expect(atmStrike([24_000, 24_050], 24_025)).toBe(24_000);
    expect(atmStrike([24_050, 24_000], 24_025)).toBe(24_000);
    expect(atmStrike([100, 100.1], 100.05)).toBe(100);
    expect(atmStrike([0.1, 0.3], 0.2)).toBe(0.1);
  });

  it('should not call almost a tie a tie', () => {
    expect(atmStrike([24_000, 24_050], 24_025.01)).toBe(24_050);
  });

  it('should be unknown without spot or strikes', () => {
    expect(atmStrike([100], null)).toBeNull();
    expect(atmStrike([], 100)).toBeNull();
  });
});
