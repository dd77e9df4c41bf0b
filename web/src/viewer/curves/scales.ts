/** Which axes of a curve are logarithmic when neither the user nor the file says. */

import { prettyUnit } from '../core/format';
import { at, extent, positiveMinimum } from '../core/numbers';
import type { AxisScale } from '../core/ticks';

interface CurveFacts {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly xName: string;
  readonly xUnit: string | null;
  /** Labels of the dataset's techniques. */
  readonly techniques: readonly string[];
}

const INVERSE_LENGTH = /^(Å|nm|m)⁻¹$/;
const DECADES = 2;
/** Largest over typical value from which a linear axis shows one peak and a flat line. */
const PEAK = 1000;
const MOSTLY = 0.8;
/** More decades than anything that measures: the smallest values are the rounding of a computation. */
const BEYOND_MEASURING = 1e11;

/** Scattering curves I(q) over two decades are read on two log axes, other values over decades on one. */
export function suggestedScales(facts: CurveFacts): { readonly x: AxisScale; readonly y: AxisScale } {
  const { x, y, xName, xUnit, techniques } = facts;
  const isReflectivity = techniques.some((label) => /reflectomet/i.test(label));
  const isScattering = INVERSE_LENGTH.test(prettyUnit(xUnit)) && /(^|\W)q(\W|$)/i.test(xName);
  if (!isScattering || !((extent(x)?.[0] ?? 0) > 0)) return { x: 'linear', y: isPeaked(y, isReflectivity ? 10 ** DECADES : PEAK) ? 'log' : 'linear' };
  const low = positiveMinimum(y);
  const high = extent(y)?.[1] ?? 0;
  const scale = low !== null && high / low >= 10 ** DECADES ? 'log' : 'linear';
  return { x: scale, y: scale };
}

/** Positive nearly everywhere, and most of it invisible beside the largest value: reflectivity, spectra with a strong line. */
function isPeaked(y: ArrayLike<number>, peak: number): boolean {
  const positive = Array.from(y).filter((value) => value > 0).sort((a, b) => a - b);
  if (positive.length < 3 || positive.length < MOSTLY * y.length) return false;
  const largest = at(positive, positive.length - 1);
  if (largest > BEYOND_MEASURING * at(positive, 0)) return false;
  return largest >= peak * at(positive, Math.floor(positive.length / 2));
}
