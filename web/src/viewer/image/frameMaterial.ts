/** How an image looks: colour maps, the colours of masked and saturated pixels, scale and range. */

import { INTERPOLATORS } from '@h5web/lib';

import type { ColorScale } from '../core/contrast';
import type { Domain } from '../core/numbers';
import type { ColorMapName } from '../core/state';

const MAPS: Record<ColorMapName, (t: number) => string> = {
  viridis: INTERPOLATORS.Viridis,
  inferno: INTERPOLATORS.Inferno,
  cividis: INTERPOLATORS.Cividis,
  grey: INTERPOLATORS.Greys,
  // Light in the middle: for what has two signs.
  'blue-red': (t) => INTERPOLATORS.RdBu(1 - t),
};

/** CSS colour at t (0 to 1) of a colour map. */
export function colorAt(map: ColorMapName, invert: boolean, t: number): string {
  return MAPS[map](invert ? 1 - t : t);
}

/** Neither end of any map, also not to be taken for a middle grey. */
export const MASKED_COLOR: Record<ColorMapName, string> = {
  viridis: '#808389',
  inferno: '#7b8794',
  cividis: '#a9a0a8',
  grey: '#46607c',
  'blue-red': '#8f9196',
};
export const SATURATED_COLOR = '#ff2bd6';

export interface Look {
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly scale: ColorScale;
  readonly domain: Domain;
  /** Values from here on are saturated; null = unknown. */
  readonly saturation: number | null;
}
