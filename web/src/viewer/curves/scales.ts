/** Which axes of a curve are logarithmic when neither the user nor the file says. */

import { prettyUnit } from '../core/format';
import { extent, positiveMinimum } from '../core/numbers';
import type { AxisScale } from '../core/ticks';

interface CurveFacts {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly xName: string;
  readonly xUnit: string | null;
}

const INVERSE_LENGTH = /^(Å|nm|m)⁻¹$/;
const DECADES = 2;

/** Scattering curves I(q) over two decades are read on two log axes. */
export function suggestedScale({ x, y, xName, xUnit }: CurveFacts): AxisScale {
  const isScattering = INVERSE_LENGTH.test(prettyUnit(xUnit)) && /(^|\W)q(\W|$)/i.test(xName);
  if (!isScattering || !((extent(x)?.[0] ?? 0) > 0)) return 'linear';
  const low = positiveMinimum(y);
  const high = extent(y)?.[1] ?? 0;
  return low !== null && high / low >= 10 ** DECADES ? 'log' : 'linear';
}
