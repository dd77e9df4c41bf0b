/** Line profiles: mean of valid pixels across the width of a line, one value per pixel along it. */

import { at } from './numbers';
import { isValid, type PixelRules } from './pool';

export interface Profile {
  /** Distance along the line in pixels. */
  readonly position: Float64Array;
  /** Mean of the valid pixels; NaN where all are masked. */
  readonly value: Float64Array;
}

export interface Segment {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Nearest-pixel sampling of an image of `rows` × `columns` along `segment`, `width` pixels wide. */
export function lineProfile(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  segment: Segment,
  width: number,
  rules: PixelRules,
): Profile {
  const [dx, dy] = [segment.x1 - segment.x0, segment.y1 - segment.y0];
  const length = Math.hypot(dx, dy);
  const steps = Math.max(1, Math.round(length));
  const [ux, uy] = length > 0 ? [dx / length, dy / length] : [1, 0];
  const lanes = Math.max(1, Math.round(width));
  const position = new Float64Array(steps + 1);
  const value = new Float64Array(steps + 1);
  for (let i = 0; i <= steps; i++) {
    const along = (length * i) / steps;
    position[i] = along;
    let [sum, count] = [0, 0];
    for (let lane = 0; lane < lanes; lane++) {
      const aside = lane - (lanes - 1) / 2;
      const column = Math.floor(segment.x0 + ux * along - uy * aside);
      const row = Math.floor(segment.y0 + uy * along + ux * aside);
      if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
      const index = row * columns + column;
      if (isValid(values, index, rules)) {
        sum += at(values, index);
        count++;
      }
    }
    value[i] = count > 0 ? sum / count : NaN;
  }
  return { position, value };
}
