/** Statistics of pixels without masked ones, sentinels and NaN; percentiles and histograms. */

import { at, clamp, type Domain } from './numbers';

export interface Statistics {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  /** Standard deviation of the population. */
  readonly std: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface Histogram {
  readonly counts: number[];
  /** One more than counts. */
  readonly edges: number[];
}

/** Null when there are no valid values. */
export function statistics(values: ArrayLike<number>): Statistics | null {
  let count = 0;
  let sum = 0;
  let shift = 0;
  let deltas = 0;
  let squares = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- array-likes can't be iterated
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    // Relative to the first value, so that squares of large counts lose no digits.
    if (count === 1) shift = value;
    const delta = value - shift;
    deltas += delta;
    squares += delta * delta;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (count === 0) return null;
  const mean = shift + deltas / count;
  const variance = Math.max(squares / count - (deltas / count) ** 2, 0);
  return { count, sum, mean, std: Math.sqrt(variance), minimum, maximum };
}

/** Percentiles (0–100, linear interpolation between neighbours) of the finite values; NaN when there are none. */
export function percentiles(values: ArrayLike<number>, wanted: readonly number[]): number[] {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  return wanted.map((percent) => {
    if (sorted.length === 0) return NaN;
    const position = (clamp(percent, 0, 100) / 100) * (sorted.length - 1);
    const below = Math.floor(position);
    const low = at(sorted, below);
    const high = at(sorted, Math.min(below + 1, sorted.length - 1));
    return low + (high - low) * (position - below);
  });
}

/** Equal bins over [low, high], in log space when `log`; values outside are not counted. */
export function histogram(values: ArrayLike<number>, domain: Domain, bins: number, log = false): Histogram {
  const forward = log ? Math.log : (value: number) => value;
  const backward = log ? Math.exp : (value: number) => value;
  const low = forward(domain[0]);
  const width = (forward(domain[1]) - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  const edges = Array.from({ length: bins + 1 }, (_, i) => backward(low + i * width));
  if (!(width > 0)) return { counts, edges };
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- array-likes can't be iterated
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!(value >= domain[0] && value <= domain[1])) continue;
    const bin = Math.min(Math.floor((forward(value) - low) / width), bins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, edges };
}
