/**
 * Values to colours of the screen, in as little time as decoding them takes: logarithms are not computed for a pixel but read
 * from the bits of the number and a table.
 */

import { scaled, type ColorScale } from './contrast';
import type { Domain } from './numbers';

/** Colours of a map from low to high, then masked, then saturated; as 32-bit numbers in the order of `ImageData`. */
export interface Palette {
  readonly colors: Uint32Array;
  /** How many of them are the map's. */
  readonly count: number;
}

export interface Painting {
  readonly palette: Palette;
  readonly scale: ColorScale;
  readonly domain: Domain;
  /** Values from here on are saturated. */
  readonly saturation: number;
}

/** Bits of the fraction of a 32-bit number that the table of logarithms tells apart: 0.003 % of a value. */
const TABLE_BITS = 15;
const LOG2 = Float32Array.from({ length: 1 << TABLE_BITS }, (_, i) => Math.log2(1 + (i + 0.5) / (1 << TABLE_BITS)));
const SHIFT = 23 - TABLE_BITS;
const BELOW = (1 << TABLE_BITS) - 1;
const LOG10_OF_2 = Math.log10(2);

/** Colours of `values` into `out`, which is as long. NaN is masked. */
export function paint(values: Float32Array, painting: Painting, out: Uint32Array): void {
  const { palette, scale, domain } = painting;
  const low = scaled(domain[0], scale);
  const high = scaled(domain[1], scale);
  const step = high > low ? (palette.count - 1) / (high - low) : 1;
  const start = 0.5 - (Number.isFinite(low) ? low : 0) * step;
  if (scale === 'log') paintLog(values, painting, step, start, out);
  else if (scale === 'linear') paintLinear(values, painting, step, start, out);
  else paintOther(values, painting, step, start, out);
}

// One loop for each common scale: a loop that asks for the scale at every pixel takes twice as long.

function paintLog(values: Float32Array, { palette, saturation }: Painting, step: number, start: number, out: Uint32Array): void {
  const { colors, count } = palette;
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  const stepOf2 = step * LOG10_OF_2;
  const startOf2 = start - 127 * stepOf2;
  const top = count - 1;
  for (let i = 0; i < words.length; i++) {
    const value = values[i] ?? NaN;
    let index = count;
    if (value >= saturation) index = count + 1;
    else if (value > 0) {
      const word = words[i] ?? 0;
      const at = ((word >> 23) + (LOG2[(word >> SHIFT) & BELOW] ?? 0)) * stepOf2 + startOf2;
      index = at < 1 ? 0 : at > top ? top : at | 0;
    } else if (value <= 0) index = 0;
    out[i] = colors[index] ?? 0;
  }
}

function paintLinear(values: Float32Array, { palette, saturation }: Painting, step: number, start: number, out: Uint32Array): void {
  const { colors, count } = palette;
  const top = count - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    const at = value * step + start;
    let index = count;
    if (value >= saturation) index = count + 1;
    else if (at < 1) index = 0;
    else if (at > top) index = top;
    else if (at === at) index = at | 0;
    out[i] = colors[index] ?? 0;
  }
}

function paintOther(values: Float32Array, painting: Painting, step: number, start: number, out: Uint32Array): void {
  const { palette, saturation, scale } = painting;
  const { colors, count } = palette;
  const top = count - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    const at = scaled(scale === 'sqrt' ? Math.max(value, 0) : value, scale) * step + start;
    let index = count;
    if (value >= saturation) index = count + 1;
    else if (at < 1) index = 0;
    else if (at > top) index = top;
    else if (at === at) index = at | 0;
    out[i] = colors[index] ?? 0;
  }
}
