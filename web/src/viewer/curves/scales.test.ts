import { describe, expect, it } from 'vitest';

import { suggestedScale } from './scales';

const curve = { x: [0.01, 0.1, 1], y: [1e4, 100, 0.1], xName: 'Scattering vector Q', xUnit: '1/angstrom' };

describe('suggestedScale', () => {
  it('is logarithmic for scattering curves over decades', () => {
    expect(suggestedScale(curve)).toBe('log');
    expect(suggestedScale({ ...curve, xName: 'q', xUnit: 'nm^-1' })).toBe('log');
  });

  it.each([
    ['another axis', { xName: 'Energy', xUnit: 'keV' }],
    ['no unit', { xUnit: null }],
    ['less than two decades', { y: [10, 5, 1] }],
    ['q from zero on', { x: [0, 1, 2] }],
  ])('is linear for %s', (_, change) => {
    expect(suggestedScale({ ...curve, ...change })).toBe('linear');
  });
});
