import { expect, it } from 'vitest';

import { withoutSentinels } from './useCurves';

it('draws no values that mean none', () => {
  const row = Uint32Array.from([3, 4294967295, 5]);
  expect([...withoutSentinels(row, [4294967295])]).toEqual([3, NaN, 5]);
  expect(withoutSentinels(row, [])).toBe(row);
  expect(withoutSentinels(Uint32Array.from([1, 2]), [4294967295])).toHaveLength(2);
});
