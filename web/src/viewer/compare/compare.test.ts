import { describe, expect, it } from 'vitest';

import { meanPool, related, whyNotBeside, whyNotOverlaid, whyNotSubtracted } from './fits';
import { domainOf, ratioUnit, scaleOf } from './RelatedImage';

const array = (shape: number[], unit: string | null = 'counts', dtype = '<f4') => ({ shape, unit, dtype });

describe('what can be compared', () => {
  it('needs as many dimensions, and numbers', () => {
    expect(whyNotBeside(array([9, 4, 5]), array([3, 8, 8], 'eV'))).toBeNull();
    expect(whyNotBeside(array([9, 4, 5]), array([4, 5]))).toBe('It has 2 dimensions (4 × 5), this array 3 dimensions (9 × 4 × 5).');
    expect(whyNotBeside(array([9]), array([9], null, 'object'))).toBe('It holds no numbers.');
  });

  it('needs the same pixels to be subtracted, and units that agree', () => {
    expect(whyNotSubtracted(array([9, 4, 5]), array([2, 4, 5]), [1, 2], 'difference')).toBeNull();
    expect(whyNotSubtracted(array([9, 4, 5]), array([9, 4, 6]), [1, 2], 'ratio')).toBe('Pixels don’t match: 4 × 5 here, 4 × 6 there.');
    expect(whyNotSubtracted(array([4, 5]), array([4, 5], 'eV'), [0, 1], 'difference')).toContain('Units differ: counts here, eV there.');
    expect(whyNotSubtracted(array([4, 5]), array([4, 5], 'eV'), [0, 1], 'ratio')).toBeNull();
  });

  it('is drawn over a curve where units don’t contradict', () => {
    expect(whyNotOverlaid(array([9]), array([3, 12], null))).toBeNull();
    expect(whyNotOverlaid(array([9]), array([9], 'eV'))).toBe('Units differ: counts here, eV there.');
    expect(whyNotOverlaid(array([9]), array([1, 1]))).toBe('It has one value only.');
  });
});

describe('one image out of two', () => {
  it('has no value where one of them has none, or nothing divides', () => {
    expect([...related([1, NaN, 4, 4], [3, 1, 2, 0], 'difference')]).toEqual([-2, NaN, 2, 4]);
    expect([...related([1, NaN, 4, 4], [4, 1, 2, 0], 'ratio')]).toEqual([0.25, NaN, 2, NaN]);
  });

  it('is reduced by the mean, so that noise stays around zero', () => {
    const { values, rows, columns } = meanPool([1, -1, 5, NaN, NaN, NaN], 2, 3, 2);
    expect([rows, columns, ...values]).toEqual([1, 2, 0, 5]);
    expect([...meanPool([NaN], 1, 1, 2).values]).toEqual([NaN]);
  });

  it('has zero in the middle of its colours', () => {
    expect(domainOf(Float32Array.of(-1, 3, NaN), 'difference').reduce((a, b) => a + b)).toBe(0);
    expect(domainOf(Float32Array.of(NaN), 'ratio')).toEqual([0, 1]);
    expect(ratioUnit('counts', 'counts')).toBeNull();
    expect(ratioUnit('counts', null)).toBe('counts/1');
  });

  it('keeps the sign of differences on a logarithmic scale, and one in the middle of ratios', () => {
    expect([scaleOf('log', 'difference'), scaleOf('log', 'ratio'), scaleOf(undefined, 'ratio'), scaleOf('sqrt', 'difference')]).toEqual(['symlog', 'log', 'linear', 'sqrt']);
    const [low, high] = domainOf(Float32Array.of(0.25, 1, 2, 0, -3), 'ratio', 'log');
    expect(low * high).toBeCloseTo(1);
    expect(high).toBeCloseTo(3.9, 0);
    expect(domainOf(Float32Array.of(-1, 0), 'ratio', 'log')).toEqual([0, 1]);
  });
});
