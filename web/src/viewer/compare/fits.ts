/** Whether two arrays can be compared, and why not. */

import { parseDtype } from '../core/dtype';
import { prettyUnit } from '../core/format';
import type { Relation } from '../core/state';
import type { ArraySource } from '../data/types';

type Compared = Pick<ArraySource, 'shape' | 'dtype' | 'unit'>;

const sizes = (shape: readonly number[]) => (shape.length > 0 ? shape.join(' × ') : 'a single value');
const long = (shape: readonly number[]) => shape.filter((length) => length > 1);

/** Null where `other` can be shown beside `own`, else the reason in a sentence. */
export function whyNotBeside(own: Compared, other: Compared): string | null {
  if (!parseDtype(other.dtype)) return 'It holds no numbers.';
  if (other.shape.length !== own.shape.length) return `It has ${plural(other.shape.length)} (${sizes(other.shape)}), this array ${plural(own.shape.length)} (${sizes(own.shape)}).`;
  return null;
}

/** Null where numbers of both can be taken from each other pixel by pixel; `shown` are the dimensions on show. */
export function whyNotSubtracted(own: Compared, other: Compared, shown: readonly number[], relation: Exclude<Relation, 'beside'>): string | null {
  const beside = whyNotBeside(own, other);
  if (beside) return beside;
  const size = ({ shape }: Compared) => shown.map((dimension) => shape[dimension] ?? 1);
  if (size(own).join() !== size(other).join()) return `Pixels don’t match: ${sizes(size(own))} here, ${sizes(size(other))} there.`;
  const [a, b] = [prettyUnit(own.unit), prettyUnit(other.unit)];
  if (relation === 'difference' && a !== b) return `Units differ: ${a || 'none'} here, ${b || 'none'} there. A ratio or both side by side can be shown.`;
  return null;
}

/** Null where `other` can be drawn as a curve over `own`. */
export function whyNotOverlaid(own: Compared, other: Compared): string | null {
  if (!parseDtype(other.dtype)) return 'It holds no numbers.';
  const [a, b] = [prettyUnit(own.unit), prettyUnit(other.unit)];
  if (a !== b && a !== '' && b !== '') return `Units differ: ${a} here, ${b} there.`;
  return long(other.shape).length === 0 ? 'It has one value only.' : null;
}

function plural(count: number): string {
  return count === 1 ? 'one dimension' : `${count} dimensions`;
}

/** Pixel by pixel; NaN where one of both has no value, and for ratios where the divisor is zero. */
export function related(a: ArrayLike<number>, b: ArrayLike<number>, relation: Exclude<Relation, 'beside'>): Float32Array {
  return Float32Array.from({ length: Math.min(a.length, b.length) }, (_, i) => {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    if (relation === 'difference') return x - y;
    return y === 0 ? NaN : x / y;
  });
}

/** Means of blocks of `factor` × `factor` valid pixels: maxima of differences would be neither. */
export function meanPool(values: ArrayLike<number>, rows: number, columns: number, factor: number): { values: Float32Array; rows: number; columns: number } {
  const size = { rows: Math.ceil(rows / factor), columns: Math.ceil(columns / factor) };
  const sums = new Float64Array(size.rows * size.columns);
  const counts = new Uint32Array(sums.length);
  for (let row = 0; row < rows; row++) {
    const line = Math.floor(row / factor) * size.columns;
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column] ?? NaN;
      if (!Number.isFinite(value)) continue;
      const cell = line + Math.floor(column / factor);
      sums[cell] = (sums[cell] ?? 0) + value;
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return { values: Float32Array.from(sums, (sum, i) => sum / (counts[i] ?? 0)), ...size };
}
