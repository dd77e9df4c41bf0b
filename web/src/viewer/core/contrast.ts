/** The first picture: which scale, and which values are black and white. */

import type { Domain } from './numbers';
import type { ColorMapName } from './state';

export const COLOR_SCALES = ['linear', 'log', 'sqrt', 'symlog'] as const;
export type ColorScale = (typeof COLOR_SCALES)[number];

/** What the choice needs; percentiles of valid pixels. */
export interface ContrastInput {
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly positive_minimum: number | null;
  readonly percentiles: Readonly<Record<string, number>>;
}

/** Brightest over typical value from which a log scale shows more; weakly exposed frames of counts reach it too. */
const SPAN_FOR_LOG = 20;

/** Logarithmic when non-negative counts span decades, else linear. */
export function defaultScale(stats: ContrastInput): ColorScale {
  const { minimum, maximum, positive_minimum: positive, percentiles } = stats;
  if (minimum === null || maximum === null || positive === null || minimum < 0) return 'linear';
  const floor = Math.max(percentiles['50'] ?? positive, positive);
  const bright = Math.max(percentiles['99.9'] ?? maximum, Math.min(maximum, 10 * (percentiles['99.9'] ?? maximum)));
  return bright / floor >= SPAN_FOR_LOG ? 'log' : 'linear';
}

/** The value below which `percent` of the pixels lie, between the percentiles that the statistics carry. */
export function percentileOf(stats: ContrastInput, percent: number): number | null {
  const known = Object.entries(stats.percentiles)
    .map(([key, value]) => [Number(key), value] as const)
    .concat(stats.minimum === null ? [] : [[0, stats.minimum]], stats.maximum === null ? [] : [[100, stats.maximum]])
    .sort((a, b) => a[0] - b[0]);
  const above = known.find(([key]) => key >= percent);
  const below = known.filter(([key]) => key <= percent).at(-1);
  if (!above || !below) return null;
  if (above[0] === below[0]) return above[1];
  const fraction = (percent - below[0]) / (above[0] - below[0]);
  return below[1] + (above[1] - below[1]) * fraction;
}

/** The weaker side reaches at least this far of the stronger: fields, differences, correlations; not noise beside something bright. */
const TWO_SIDED = 1 / 3;

/** … and its outermost value this far of the outermost: a dark-subtracted frame is noise around zero, and few bright pixels on one side. */
const OUTERMOST = 1 / 10;

/** Whether the values lie on both sides of zero in earnest. */
export function isTwoSided(stats: ContrastInput): boolean {
  const low = percentileOf(stats, 0.5) ?? 0;
  const high = percentileOf(stats, 99.5) ?? 0;
  return balanced(low, high, TWO_SIDED) && balanced(stats.minimum ?? low, stats.maximum ?? high, OUTERMOST);
}

function balanced(low: number, high: number, share: number): boolean {
  return low < 0 && high > 0 && Math.min(-low, high) >= share * Math.max(-low, high);
}

/** What lies on both sides of zero is shown with zero in the light middle. */
export function defaultMap(stats: ContrastInput | null): ColorMapName {
  return stats && isTwoSided(stats) ? 'blue-red' : 'viridis';
}

/**
 * Percentile contrast: 0.5 to 99.5 % on linear scales; on a log scale from the smallest positive value that matters up to
 * the maximum, at most a decade above the 99.9th percentile, so that one hot pixel does not take the scale.
 */
export function autoDomain(stats: ContrastInput, scale: ColorScale): Domain {
  const low = percentileOf(stats, 0.5) ?? 0;
  const high = percentileOf(stats, 99.5) ?? 1;
  if (scale === 'linear') return widened(low, high, stats);
  const top = stats.maximum ?? 1;
  const bright = stats.percentiles['99.9'] ?? top;
  const ceiling = bright > 0 ? Math.min(top, 10 * bright) : top;
  if (scale === 'log') {
    const floor = Math.max(low, stats.positive_minimum ?? 1);
    return ceiling > floor ? [floor, ceiling] : [floor / 10, floor];
  }
  return widened(scale === 'sqrt' ? Math.max(low, 0) : low, ceiling, stats);
}

/** The same, with zero in the middle where the values lie on both sides of it. */
export function colorDomain(stats: ContrastInput, scale: ColorScale): Domain {
  const [low, high] = autoDomain(stats, scale);
  if (!isTwoSided(stats) || (scale !== 'linear' && scale !== 'symlog')) return [low, high];
  const reach = Math.max(-low, high);
  return [-reach, reach];
}

/** Never an empty domain: constant images get the data's whole range, then one unit around the value. */
function widened(low: number, high: number, stats: ContrastInput): Domain {
  if (high > low) return [low, high];
  const { minimum, maximum } = stats;
  if (minimum !== null && maximum !== null && maximum > minimum) return [minimum, maximum];
  return [low - 0.5, low + 0.5];
}

/** A domain that the scale can show: a custom bound at or below zero is replaced on a log scale. */
export function validDomain(domain: Domain, scale: ColorScale, positive: number): Domain {
  const [low, high] = domain[0] <= domain[1] ? domain : [domain[1], domain[0]];
  if (scale === 'log') {
    const top = high > 0 ? high : positive;
    return [low > 0 ? low : Math.min(positive, top / 10), top];
  }
  if (scale === 'sqrt') return [Math.max(low, 0), Math.max(high, 1e-30)];
  return [low, high];
}

/** Position of `value` on the scale in the units the shader works in. */
export function scaled(value: number, scale: ColorScale): number {
  switch (scale) {
    case 'log':
      return Math.log10(value);
    case 'sqrt':
      return Math.sqrt(value);
    case 'symlog':
      return Math.sign(value) * Math.log10(1 + Math.abs(value));
    case 'linear':
      return value;
  }
}

export function unscaled(position: number, scale: ColorScale): number {
  switch (scale) {
    case 'log':
      return 10 ** position;
    case 'sqrt':
      return position * position;
    case 'symlog':
      return Math.sign(position) * (10 ** Math.abs(position) - 1);
    case 'linear':
      return position;
  }
}

/** 0 to 1 along the colour map, clipped; NaN stays NaN. */
export function colorFraction(value: number, domain: Domain, scale: ColorScale): number {
  if (Number.isNaN(value)) return NaN;
  const low = scaled(domain[0], scale);
  const high = scaled(domain[1], scale);
  const position = scale === 'log' && value <= 0 ? -Infinity : scaled(scale === 'sqrt' ? Math.max(value, 0) : value, scale);
  return Math.min(Math.max((position - low) / (high - low), 0), 1);
}
