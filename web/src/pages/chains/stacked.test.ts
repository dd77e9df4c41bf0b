import { expect, test } from 'vitest';

import { stacked, telling } from './stacked';

test('one curve stays as it is', () => {
  expect(stacked([[1, null, 3]], false)).toEqual([[1, NaN, 3]]);
});

test('curves are shifted on a linear axis and multiplied on a logarithmic one', () => {
  expect(stacked([[0, 2], [0, 4]], false)).toEqual([[0, 2], [2, 6]]);
  const [first, second] = stacked([[1, 10], [1, 10]], true);
  expect(first).toEqual([1, 10]);
  expect(second?.[1]).toBeCloseTo(10 * 10 ** 0.5);
});

test('a trend begins with what changes, and rather with a size than with a background', () => {
  const quantity = (name: string, varies = true) => ({ name, varies });
  expect(telling([quantity('fitted_background'), quantity('fitted_length', false), quantity('fitted_radius')])?.name).toBe('fitted_radius');
  expect(telling([quantity('scale')])?.name).toBe('scale');
  expect(telling<ReturnType<typeof quantity>>([])).toBeUndefined();
});
