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
  const [low, high] = [scaled(domain[0], scale), scaled(domain[1], scale)];
  return Array.from({ length: count }, (_, i) => {
    const value = unscaled(low + ((high - low) * i) / (count - 1), scale);
    return { at: i / (count - 1), label: plainTickLabel(Number(value.toPrecision(2))) };
  });
}
