/**
 * Reduction of an image to the pixels of the screen by the maximum of valid pixels, so that single-pixel peaks stay visible.
 * NaN in the result means: all pixels of the block are masked (or minus infinity, which no maximum can tell from that).
 */

import { at } from './numbers';

export interface PixelRules {
  /** Values that mean 'no value' (detector gaps), besides NaN. */
  readonly sentinels: readonly number[];
  /** Non-zero = masked; same size as the image; null when masks are not applied. */
  readonly mask: Uint8Array | null;
}

export interface Block {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Pooled {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Whether pixel `index` of `values` counts. */
export function isValid(values: ArrayLike<number>, index: number, rules: PixelRules): boolean {
  const value = at(values, index);
  if (Number.isNaN(value)) return false;
  if (rules.mask !== null && at(rules.mask, index) > 0) return false;
  return !rules.sentinels.includes(value);
}

function copyBlock(values: ArrayLike<number>, width: number, block: Block, rules: PixelRules, result: Float32Array): Pooled {
  const { rows, columns } = block;
  const { mask } = rules;
  const [first = NaN, second = NaN] = rules.sentinels;
  for (let r = 0; r < rows; r++) {
    const from = (block.row + r) * width + block.column;
    const to = r * columns;
    for (let c = 0; c < columns; c++) {
      const value = values[from + c] ?? NaN;
      const bad = value === first || value === second || value === -Infinity || (mask !== null && (mask[from + c] ?? 0) > 0);
      result[to + c] = bad ? NaN : value;
    }
  }
  return { values: result, rows, columns };
}

/**
 * Block of an image of row length `width`, reduced by `factor` along both axes; `into` has room for exactly that.
 *
 * The arrays are read in place here, not through a shared function: that keeps the loop monomorphic, three times as fast.
 */
export function maxPool(
  values: ArrayLike<number>,
  width: number,
  block: Block,
  factor: number,
  rules: PixelRules,
  into?: Float32Array,
): Pooled {
  const rows = Math.ceil(block.rows / factor);
  const columns = Math.ceil(block.columns / factor);
  const result = into ?? new Float32Array(rows * columns);
  if (factor <= 1) return copyBlock(values, width, block, rules, result);
  const [first = NaN, second = NaN] = rules.sentinels;
  const { mask } = rules;
  for (let r = 0; r < rows; r++) {
    const top = block.row + r * factor;
    const bottom = Math.min(top + factor, block.row + block.rows);
    for (let c = 0; c < columns; c++) {
      const left = block.column + c * factor;
      const right = Math.min(left + factor, block.column + block.columns);
      let best = -Infinity;
      for (let y = top; y < bottom; y++) {
        const end = y * width + right;
        for (let i = y * width + left; i < end; i++) {
          const value = values[i] ?? NaN;
          if (value > best && value !== first && value !== second && (mask === null || (mask[i] ?? 0) === 0)) best = value;
        }
      }
      result[r * columns + c] = best === -Infinity ? NaN : best;
    }
  }
  return { values: result, rows, columns };
}

/** Every valid value of a block, for statistics and contrast; at most about `limit` values, evenly taken. */
export function sampleBlock(
  values: ArrayLike<number>,
  width: number,
  block: Block,
  rules: PixelRules,
  limit = Infinity,
): Float64Array {
  const total = block.rows * block.columns;
  const step = Math.max(1, Math.ceil(total / limit));
  const result = new Float64Array(Math.ceil(total / step));
  const [first = NaN, second = NaN] = rules.sentinels;
  const { mask } = rules;
  let count = 0;
  for (let r = 0, next = 0; r < block.rows; r++) {
    const from = (block.row + r) * width + block.column;
    let c = next - r * block.columns;
    for (; c < block.columns; c += step) {
      const value = values[from + c] ?? NaN;
      const bad = value === first || value === second || (mask !== null && (mask[from + c] ?? 0) > 0);
      if (!bad && value === value) result[count++] = value;
    }
    next = r * block.columns + c;
  }
  return result.subarray(0, count);
}
