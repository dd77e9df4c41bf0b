import { describe, expect, it } from 'vitest';

import { valueOf } from './parameterValue';

describe('what is typed as the value of a parameter', () => {
  it.each([
    ['12.4', 12.4],
    [' 12,4 ', 12.4],
    ['-1e-3', -0.001],
    ['.5', 0.5],
    ['12.4 keV', '12.4 keV'],
    ['1e999', '1e999'],
    ['0x10', '0x10'],
    ['1,000,000', '1,000,000'],
    ['vacuum', 'vacuum'],
  ])('%s', (typed, value) => {
    expect(valueOf(typed)).toBe(value);
  });
});
