import fc from 'fast-check';
import {
  grouped,
  price,
  quantity,
  signedPercent,
  signedQuantity,
  strike,
} from '../../../client/lib/format.js';

describe('grouped', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [99_999, '99,999'],
    [100_000, '1,00,000'],
    [3_250_000, '32,50,000'],
    [10_000_000, '1,00,00,000'],
    [-1_234_567, '−12,34,567'],
  ])('should write %d as %s', (value, text) => expect(grouped(value)).toBe(text));

  it('should agree with the Indian grouping of Intl', () => {
    const intl = new Intl.NumberFormat('en-IN');
    fc.assert(fc.property(fc.nat(), (n) => grouped(n) === intl.format(n)));
  });
});

describe('quantity', () => {
  it.each([
    [0, '0'],
    [455, '455'],
    [999, '999'],
    [1_000, '1.0K'],
    [11_840, '11.8K'],
    [99_949, '99.9K'],
    [99_950, '1.0L'],
    [6_150_000, '61.5L'],
    [9_994_999, '99.9L'],
    [9_995_000, '1.00Cr'],
    [16_800_000, '1.68Cr'],
    [355_000_000, '35.50Cr'],
    [-17_400, '−17.4K'],
  ])('should write %d as %s', (value, text) => expect(quantity(value)).toBe(text));

  it('should write every digit when asked to', () =>
    expect(quantity(16_800_000, 'full')).toBe('1,68,00,000'));

  it('should never write a hundred of a unit that has a larger one', () => {
    fc.assert(fc.property(fc.nat({ max: 20_000_000 }), (n) => !/^1\d\d(\.\d+)?[KL]$/.test(quantity(n))));
  });
});

describe('signs', () => {
  it.each([
    [1, '+1'],
    [0, '0'],
    [-1, '−1'],
    [-0, '0'],
  ])('should sign the quantity %d as %s', (value, text) => expect(signedQuantity(value)).toBe(text));

  it.each([
    [0, '0.0'],
    [0.04, '0.0'],
    [-0.04, '0.0'],
    [-0.06, '−0.1'],
    [4.84, '+4.8'],
    [-10.5, '−10.5'],
    [99.94, '+99.9'],
    [99.96, '+100'],
    [1_256.4, '+1256'],
  ])('should write %d per cent as %s', (value, text) => expect(signedPercent(value)).toBe(text));
});

describe('prices and strikes', () => {
  it('should give prices two decimals', () => expect(price(24_197)).toBe('24,197.00'));
  it('should give strikes decimals only where they have them', () =>
    expect([strike(24_200), strike(1_002.5)]).toEqual(['24,200', '1,002.50']));
});
