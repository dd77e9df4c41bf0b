import { describe, expect, it } from 'vitest';

import { suggestedScales } from './scales';

const curve = { x: [0.01, 0.1, 1], y: [1e4, 100, 0.1], xName: 'Scattering vector Q', xUnit: '1/angstrom', techniques: [] };

describe('suggestedScales', () => {
  it('is logarithmic for scattering curves over decades', () => {
    expect(suggestedScales(curve)).toEqual({ x: 'log', y: 'log' });
    expect(suggestedScales({ ...curve, xName: 'q', xUnit: 'nm^-1' })).toEqual({ x: 'log', y: 'log' });
  });

  it.each([
    ['another axis', { xName: 'Energy', xUnit: 'keV' }],
    ['no unit', { xUnit: null }],
    ['less than two decades', { y: [10, 5, 1] }],
    ['q from zero on', { x: [0, 1, 2] }],
  ])('is linear for %s', (_, change) => {
    expect(suggestedScales({ ...curve, ...change })).toEqual({ x: 'linear', y: 'linear' });
  });

  it.each([
    ['a reflectivity', [1, 1, 0.1, 1e-2, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6], 'log'],
    ['a spectrum with one strong line', [3e6, 90, 80, 0, 60, 70, 50, 40, 30], 'log'],
    ['a diffraction pattern', [80, 90, 5500, 80, 70, 60], 'linear'],
    ['values that change sign', [-1e3, 1e6, -5, 3, 2, 1, -2, -4], 'linear'],
    ['a computed pulse whose wings are rounding', [1e-15, 1e-13, 1e-8, 1, 1e-8, 1e-13, 1e-15], 'linear'],
    ['counts that are mostly zero', [0, 0, 0, 0, 1e6, 1, 0, 0], 'linear'],
  ])('has an axis for %s', (_, y, expected) => {
    expect(suggestedScales({ x: y.map((__, i) => i), y, xName: 'x', xUnit: null, techniques: [] })).toEqual({ x: 'linear', y: expected });
  });

  it('shows reflectivity over two decades already on a log axis', () => {
    const y = [1, 1, 0.5, 0.1, 5e-3, 4e-3, 3e-3, 2e-3, 1e-3];
    const facts = { x: y.map((_, i) => i), y, xName: 'x', xUnit: null };
    expect(suggestedScales({ ...facts, techniques: ['neutron reflectometry'] }).y).toBe('log');
    expect(suggestedScales({ ...facts, techniques: ['x-ray powder diffraction'] }).y).toBe('linear');
  });
});
