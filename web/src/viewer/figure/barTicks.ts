/** Ticks of a colour scale: position from 0 to 1 and label; minor ticks without label. */

import { colorFraction, scaled, unscaled, type ColorScale } from '../core/contrast';
import type { Domain } from '../core/numbers';
import { plainTickLabel, ticks } from '../core/ticks';

export interface BarTick {
  readonly at: number;
  readonly label: string;
}

export function barTicks(domain: Domain, scale: ColorScale, count: number): BarTick[] {
  if (scale === 'log' || scale === 'linear') {
    return ticks(domain, scale, count).map(({ value, label }) => ({ at: colorFraction(value, domain, scale), label }));
  }
  if (scale === 'symlog') return roundTicks(domain, count);
  const [low, high] = [scaled(domain[0], scale), scaled(domain[1], scale)];
  return Array.from({ length: count }, (_, i) => {
    const value = unscaled(low + ((high - low) * i) / (count - 1), scale);
    return { at: i / (count - 1), label: plainTickLabel(Number(value.toPrecision(2))) };
  });
}

/** Zero, decades of both signs, then 5 and 2 between them, as far as there is room; of small numbers, round ones. */
function roundTicks(domain: Domain, count: number): BarTick[] {
  const reach = Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
  const decades = Array.from({ length: Math.max(0, Math.floor(Math.log10(reach) + 1e-9) + 1) }, (_, power) => 10 ** power).reverse();
  const sizes = decades.length > 1 ? [1, 5, 2].flatMap((digit) => decades.map((decade) => digit * decade)) : [];
  const wanted = sizes.length > 0 ? [0, ...sizes.flatMap((size) => [size, -size])] : ticks(domain, 'linear', count).map(({ value }) => value);
  const kept: { at: number; value: number }[] = [];
  for (const value of wanted) {
    if (value < domain[0] || value > domain[1]) continue;
    const place = colorFraction(value, domain, 'symlog');
    if (kept.every(({ at }) => Math.abs(at - place) >= 0.7 / count)) kept.push({ at: place, value });
  }
  return kept.sort((a, b) => a.at - b.at).map(({ at, value }) => ({ at, label: plainTickLabel(Number(value.toPrecision(6))) }));
}
