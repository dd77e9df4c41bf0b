import { describe, expect, it } from 'vitest';

import { onLeft, onRight, secondUnit } from './second';

describe('the axis on the right', () => {
  it('is there for another unit only', () => {
    expect(secondUnit('', [null, 'rad'])).toBe('rad');
    expect(secondUnit('angstrom^-1', ['1/angstrom', ''])).toBeNull();
    expect(secondUnit('counts', ['count', null])).toBeNull();
    expect(secondUnit(null, [])).toBeNull();
  });

  it('fills the height that the one on the left has', () => {
    expect(onLeft(-2, [-2, 6], [0, 1], 'linear')).toBe(0);
    expect(onLeft(0, [-2, 6], [0, 1], 'linear')).toBe(0.25);
    expect(onLeft(2, [-2, 6], [1, 100], 'log')).toBeCloseTo(10);
    expect(onLeft(NaN, [-2, 6], [0, 1], 'linear')).toBeNaN();
  });

  it('shows the part that is beside the visible part of the left one', () => {
    expect(onRight([0.25, 0.5], [-2, 6], [0, 1], 'linear')).toEqual([0, 2]);
    expect(onRight([1, 10], [-2, 6], [1, 100], 'log')).toEqual([-2, 2]);
  });
});
