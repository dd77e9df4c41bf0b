/** Which part of a frame is on show, and how fine it needs to be. */

import type { Block } from '../core/pool';
import type { PlotAxis } from '../plots/axes';
import type { View } from '../plots/ZoomSync';

/** Pixels of the frame per pixel of the screen when all of it is on show; at least 1. */
export function overviewFactor(rows: number, columns: number, view: View | null, ratio: number): number {
  const width = (view?.width ?? 800) * ratio;
  const height = (view?.height ?? 600) * ratio;
  return Math.max(1, Math.floor(Math.max(rows / height, columns / width)));
}

/** The visible block with a margin, where it can be shown finer than the overview; null where it can't. */
export function detailOf(
  view: View | null,
  xAxis: PlotAxis,
  yAxis: PlotAxis,
  overview: number,
  ratio: number,
): { block: Block; factor: number } | null {
  if (!view?.zoomed || overview <= 1) return null;
  const [x0, y0, x1, y1] = view.visible;
  const columns = [xAxis.toPixel(x0), xAxis.toPixel(x1)].sort((a, b) => a - b) as [number, number];
  const rows = [yAxis.toPixel(y0), yAxis.toPixel(y1)].sort((a, b) => a - b) as [number, number];
  const perX = (columns[1] - columns[0]) / (view.width * ratio);
  const perY = (rows[1] - rows[0]) / (view.height * ratio);
  const factor = Math.max(1, Math.floor(Math.max(perX, perY)));
  if (factor >= overview) return null;
  const [left, right] = padded(columns, xAxis.size, factor);
  const [top, bottom] = padded(rows, yAxis.size, factor);
  if (right <= left || bottom <= top) return null;
  return { block: { row: top, column: left, rows: bottom - top, columns: right - left }, factor };
}

/** A quarter more on each side, inside the image, on a grid so that small movements need nothing new. */
function padded([from, to]: [number, number], size: number, factor: number): [number, number] {
  const margin = (to - from) / 4;
  const grid = Math.max(factor, 2 ** Math.floor(Math.log2(Math.max(margin, 1))));
  return [
    Math.max(0, Math.floor((from - margin) / grid) * grid),
    Math.min(size, Math.ceil((to + margin) / grid) * grid),
  ];
}
