/** Which three dimensions are shown, and where in them. */

import { safeSlice } from '../core/selection';
import type { ViewerState } from '../core/state';

/** Dimension numbers, the slowest first. */
export interface Three {
  readonly z: number;
  readonly y: number;
  readonly x: number;
}

export const PLANES = ['front', 'top', 'side'] as const;
export type Plane = (typeof PLANES)[number];

/** The last three dimensions longer than one element; null where there are fewer. */
export function threeLong(shape: readonly number[]): Three | null {
  const long = shape.map((_, dimension) => dimension).filter((dimension) => (shape[dimension] ?? 1) > 1);
  const [z, y, x] = long.slice(-3);
  return z !== undefined && y !== undefined && x !== undefined ? { z, y, x } : null;
}

/** The wanted dimensions where they are three of the array's, else the last three. */
export function threeOf(shape: readonly number[], { x, y, z }: Pick<ViewerState, 'x' | 'y' | 'z'>): Three | null {
  const standard = threeLong(shape);
  if (!standard) return null;
  const wanted = { z: z ?? standard.z, y: y ?? standard.y, x: x ?? standard.x };
  const all = Object.values(wanted);
  return new Set(all).size === 3 && all.every((dimension) => dimension < shape.length) ? wanted : standard;
}

/** Indices on all dimensions; in the middle where nothing was said. */
export function positionOf(shape: readonly number[], slice: readonly number[] | undefined): number[] {
  return slice ? safeSlice(shape, slice) : shape.map((size) => Math.floor(size / 2));
}

/** The dimensions along x and y of a plane, and the one it cuts across. */
export function planeOf({ z, y, x }: Three, plane: Plane): { x: number; y: number; across: number } {
  if (plane === 'front') return { x, y, across: z };
  return plane === 'top' ? { x, y: z, across: y } : { x: z, y, across: x };
}

/** An image's slice as a position in three dimensions: in the middle of those that the image showed. */
export function middled(shape: readonly number[], slice: readonly number[], shown: readonly number[]): number[] {
  return safeSlice(shape, slice).map((index, dimension) => (shown.includes(dimension) ? Math.floor((shape[dimension] ?? 1) / 2) : index));
}
