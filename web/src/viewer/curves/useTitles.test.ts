import { describe, expect, it } from 'vitest';

import { isNumbering } from '../core/numbers';
import { valueLabel } from '../core/format';
import { titleOf } from './useTitles';

describe('what the legend and the colour scale say', () => {
  it('is what the file calls it, else the name of the array', () => {
    const titles = new Map([['/e/fit/model', 'Fit']]);
    expect(titleOf({ label: 'model', path: '/e/fit/model' }, titles)).toBe('Fit');
    expect(titleOf({ label: 'model [3]', path: '/e/fit/model' }, titles)).toBe('Fit [3]');
    expect(titleOf({ label: 'Buffer: model', path: '/e/fit/model' }, titles)).toBe('Buffer: model');
    expect(titleOf({ label: 'I', path: '/e/fit/I' }, titles)).toBe('I');
  });

  it('names the quantity and its unit', () => {
    expect(valueLabel({ title: 'Mean intensity', path: '/a/data', unit: 'counts' })).toBe('Mean intensity (counts)');
    expect(valueLabel({ title: null, path: '/a/data', unit: 'counts' })).toBe('Value (counts)');
    expect(valueLabel({ title: null, path: '/a/Ca', unit: null })).toBe('Ca');
  });
});

describe('a numbering', () => {
  it('is of whole numbers one after the other', () => {
    expect(isNumbering([1, 2, 3])).toBe(true);
    expect(isNumbering([1, 2, 4])).toBe(false);
    expect(isNumbering([0.5, 1.5])).toBe(false);
    expect(isNumbering([1])).toBe(false);
  });
});
