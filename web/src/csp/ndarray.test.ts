import { expect, test } from 'vitest';

import ndarray from './ndarray';

const values = Float32Array.from({ length: 24 }, (_, index) => index);

test('elements are found in C order', () => {
  const view = ndarray(values, [2, 3, 4]);
  expect([view.get(0, 0, 0), view.get(1, 2, 3), view.get(1, 0, 2)]).toEqual([0, 23, 14]);
  expect([view.size, view.dimension, view.dtype]).toEqual([24, 3, 'float32']);
});

test('a picked axis is gone and the rest looks into the same data', () => {
  const frame = ndarray(values, [2, 3, 4]).pick(1, null, null);
  expect(frame.shape).toEqual([3, 4]);
  expect(frame.get(2, 1)).toBe(21);
});

test('transposing swaps axes without copying', () => {
  const view = ndarray(values, [4, 6]);
  const turned = view.transpose(1, 0);
  expect(turned.shape).toEqual([6, 4]);
  expect(turned.get(5, 2)).toBe(view.get(2, 5));
  expect(view.T.get(5, 2)).toBe(view.get(2, 5));
});

test('parts and steps, backwards too', () => {
  const view = ndarray(values, [4, 6]);
  expect(view.lo(1, 2).hi(2, 3).get(1, 2)).toBe(view.get(2, 4));
  const backwards = view.step(2, -1);
  expect(backwards.shape).toEqual([2, 6]);
  expect(backwards.get(1, 0)).toBe(view.get(2, 5));
});

test('setting writes through', () => {
  const data = [1, 2, 3, 4];
  const view = ndarray(data, [2, 2]);
  view.set(1, 0, 9);
  expect(data).toEqual([1, 2, 9, 4]);
  expect(view.dtype).toBe('array');
});
