import { describe, expect, it } from 'vitest';

import { COLOR_SCALES, colorFraction } from './contrast';
import type { Domain } from './numbers';
import { paint } from './paint';

const COUNT = 256;
/** Colours that say their own index. */
const palette = { colors: Uint32Array.from({ length: COUNT + 2 }, (_, i) => i), count: COUNT };

function painted(values: number[], scale: (typeof COLOR_SCALES)[number], domain: Domain, saturation = Infinity): number[] {
  const out = new Uint32Array(values.length);
  paint(Float32Array.from(values), { palette, scale, domain, saturation }, out);
  return [...out];
}

describe('paint', () => {
  it.each(
    COLOR_SCALES.flatMap((scale) =>
      ([[1, 1e4], [1000, 1010], [1e-6, 3e-5], [0.5, 2e9]] as Domain[]).map((domain) => ({ scale, domain })),
    ),
  )('$scale over $domain: the colour next to the exact one at most', ({ scale, domain }) => {
    const values = Array.from({ length: 3000 }, (_, i) => Math.fround(domain[0] + ((domain[1] - domain[0]) * (i - 200)) / 2600));
    const wrong = painted(values, scale, domain).filter(
      (index, i) => Math.abs(index - colorFraction(values[i] ?? NaN, domain, scale) * (COUNT - 1)) > 1,
    );
    expect(wrong).toEqual([]);
  });

  it('shows masked, saturated and impossible values', () => {
    expect(painted([NaN, 70, 69, 0, -5, Infinity], 'log', [1, 69], 70)).toEqual([256, 257, 255, 0, 0, 257]);
    expect(painted([-1e30, 1e30, -Infinity, Infinity], 'linear', [0, 1])).toEqual([0, 255, 0, 257]);
  });

  it('shows a domain of one value', () => {
    expect(painted([4, 6], 'linear', [5, 5])).toEqual([0, 1].map(() => expect.any(Number) as number));
  });
});
