/** Whether a state suits an array: links outlive files, and people edit addresses. */

import type { Visualisation, ViewerState } from './state';

/** What the keys of an address are called where something is wrong with them. */
const WORDS: Partial<Record<string, string>> = {
  vis: 'the visualisation',
  slice: 'the frame',
  x: 'the axes',
  y: 'the axes',
  z: 'the axes',
  part: 'the part of complex numbers',
  map: 'the colour map',
  inv: 'the inverted colours',
  scale: 'the colour scale',
  dom: 'the contrast',
  zoom: 'the zoom',
  mask: 'the mask',
  top: 'the direction of rows',
  rings: 'the rings',
  panel: 'the panel',
  roi: 'the region',
  cut: 'the line',
  cutw: 'the width of the line',
  px: 'the pixel',
  follow: 'what goes through the stack',
  along: 'the dimension that is gone through',
  fig: 'the figure of the region',
  xs: 'the x scale',
  ys: 'the y scale',
  err: 'the uncertainties',
  pin: 'the kept curves',
  cam: 'the camera',
  proj: 'the projection',
  op: 'the opacity',
  thr: 'the threshold',
  with: 'the comparison',
  withpath: 'the comparison',
  rel: 'the kind of comparison',
};

export function words(keys: readonly string[]): string[] {
  return [...new Set(keys.map((key) => WORDS[key] ?? `‘${key}’`))];
}

/** Keys of what an array of this shape can't show as the state says. */
export function misfits(state: ViewerState, shape: readonly number[], possible: readonly Visualisation[]): string[] {
  const found: string[] = [];
  const isDimension = (dimension: number | undefined) => dimension === undefined || dimension < shape.length;
  if (state.vis && !possible.includes(state.vis)) found.push('vis');
  if (![state.x, state.y, state.z].every(isDimension) || (state.x !== undefined && state.x === state.y)) found.push('x');
  if (state.slice && (state.slice.length > shape.length || state.slice.some((index, d) => index > 0 && index >= (shape[d] ?? 0)))) found.push('slice');
  if (!isDimension(state.along)) found.push('along');
  return found;
}
