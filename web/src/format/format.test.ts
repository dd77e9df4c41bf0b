import { describe, expect, it } from 'vitest';

import { ago, bytes, duration, number, percent, plural, quantity, shape, stopwatch, unitText, withUncertainty } from '.';

describe('numbers', () => {
  it.each([
    [7.12345, '7.123'],
    [0, '0'],
    [-2.5, '−2.5'],
    [123_456, '123456'],
    [123_456.7, '123457'],
    [1.2e9, '1.2 × 10⁹'],
    [0.00012, '1.2 × 10⁻⁴'],
    [0.001, '0.001'],
    [0.99999, '1'],
    [Number.NaN, 'not a number'],
    [-Infinity, '−∞'],
  ])('%d reads %s', (value, text) => expect(number(value)).toBe(text));

  it('writes units as the field does', () => {
    expect(unitText('angstrom')).toBe('Å');
    expect(unitText('1/nm')).toBe('nm⁻¹');
    expect(unitText('cm^-2')).toBe('cm⁻²');
    expect(unitText('1e-6/angstrom^2')).toBe('10⁻⁶ Å⁻²');
    expect(unitText('kg·m²/s²')).toBe('J');
    expect(unitText('furlong')).toBe('furlong');
    expect(quantity(90, 'deg')).toBe('90°');
    expect(quantity(7.123, 'keV')).toBe('7.123\u202FkeV');
    expect(quantity('EIGER 4M')).toBe('EIGER 4M');
  });

  it.each([
    [33.42, 0.91, '33.4(9)'],
    [0.01234, 0.00015, '0.01234(15)'],
    [1500, 40, '1500(40)'],
    [5, 0, '5'],
  ])('%d ± %d reads %s', (value, error, text) => expect(withUncertainty(value, error)).toBe(text));

  it.each([
    [0, '0\u202FB'],
    [999, '999\u202FB'],
    [17_942_760, '17.9\u202FMB'],
    [999_600, '1.0\u202FMB'],
    [194e6, '194\u202FMB'],
    [4.2e12, '4.2\u202FTB'],
  ])('%d bytes read %s', (value, text) => expect(bytes(value)).toBe(text));

  it('never shows a running job as finished', () => {
    expect(percent(0.9999)).toBe('99\u202F%');
    expect(percent(0.004)).toBe('<1\u202F%');
    expect(percent(1)).toBe('100\u202F%');
  });

  it('counts in words', () => {
    expect(plural(1, 'dataset')).toBe('1 dataset');
    expect(plural(12_400, 'dataset')).toBe('12,400 datasets');
    expect(shape([200, 2167, 2070])).toBe('200 × 2167 × 2070');
    expect(shape([])).toBe('scalar');
  });
});

describe('times', () => {
  const now = new Date(2026, 4, 3, 15, 0, 0);
  const before = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

  it.each([
    [10, 'just now'],
    [720, '12 minutes ago'],
    [5 * 3600, 'today 10:00'],
    [20 * 3600, 'yesterday 19:00'],
    [-3 * 86_400, 'in 3 days'],
  ])('%d seconds before reads %s', (seconds, text) => expect(ago(before(seconds), now)).toBe(text));

  it.each([
    [0.4, 2, '0.4 seconds'],
    [2.34, 2, '2.3 seconds'],
    [125, 2, '2 minutes 5 seconds'],
    [125, 1, '2 minutes'],
    [3600, 2, '1 hour'],
    [90_061, 2, '1 day 1 hour'],
  ])('%d seconds in %d parts read %s', (seconds, parts, text) => expect(duration(seconds, parts)).toBe(text));

  it('runs a clock', () => {
    expect(stopwatch(65.9)).toBe('1:05');
    expect(stopwatch(7809)).toBe('2:10:09');
  });
});
