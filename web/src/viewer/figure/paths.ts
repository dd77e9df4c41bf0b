/** SVG path data of curves: gaps where values are missing or can't be on a log axis. */

import { decimate } from '../core/decimate';
import { at, extent, positiveMinimum, type Domain } from '../core/numbers';
import { paddedDomain, project, type AxisScale } from '../core/ticks';

export interface CurveData {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly errors?: ArrayLike<number> | null;
  /** One standard deviation along x. */
  readonly xErrors?: ArrayLike<number> | null;
}

export interface Frame2D {
  readonly xDomain: Domain;
  readonly yDomain: Domain;
  readonly xScale: AxisScale;
  readonly yScale: AxisScale;
  readonly width: number;
  readonly height: number;
}

const POINTS = 2000;

/** Domain of several series on a scale, with a margin. */
export function seriesDomain(series: readonly ArrayLike<number>[], scale: AxisScale): Domain {
  const bounds = series.map(extent).filter((found) => found !== null);
  if (bounds.length === 0) return scale === 'log' ? [0.1, 1] : [0, 1];
  const high = Math.max(...bounds.map(([, top]) => top));
  if (scale === 'log') {
    const positives = series.map(positiveMinimum).filter((found) => found !== null);
    return positives.length > 0 ? paddedDomain(Math.min(...positives), high, scale) : [0.1, 1];
  }
  return paddedDomain(Math.min(...bounds.map(([low]) => low)), high, scale);
}

/**
 * Domain of curves with their error bars, which are then whole in the plot; on a log axis their upper ends only. A few bars that are
 * far longer than the curves are high (the ends of a range, often) don't press the curves flat: they're cut at twice that height.
 */
export function curvesDomain(curves: readonly { readonly y: ArrayLike<number>; readonly errors: ArrayLike<number> | null }[], scale: AxisScale): Domain {
  const values = curves.map(({ y }) => y);
  const bounds = values.map(extent).filter((found) => found !== null);
  const [low, high] = [Math.min(...bounds.map(([bottom]) => bottom)), Math.max(...bounds.map(([, top]) => top))];
  const reach = high - low || Infinity;
  const ends = curves.flatMap(({ y, errors }) => {
    if (!errors) return [];
    const upper = Array.from(y, (value, i) => Math.min(value + at(errors, i), high + reach));
    return scale === 'log' ? [upper] : [upper, Array.from(y, (value, i) => Math.max(value - at(errors, i), low - reach))];
  });
  return seriesDomain([...values, ...ends], scale);
}

function point(data: CurveData, index: number, frame: Frame2D): [number, number] {
  const x = project(at(data.x, index), frame.xDomain, frame.xScale, frame.width);
  const y = frame.height - project(at(data.y, index), frame.yDomain, frame.yScale, frame.height);
  return [x, y];
}

export function linePath(data: CurveData, frame: Frame2D): string {
  let path = '';
  let drawing = false;
  for (const index of decimate(data.y, 0, Math.min(data.x.length, data.y.length) - 1, POINTS)) {
    const [x, y] = point(data, index, frame);
    const usable = Number.isFinite(x) && Number.isFinite(y);
    if (usable) path += `${drawing ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`;
    drawing = usable;
  }
  return path;
}

/** Horizontal bars of one standard deviation; on log axes they begin at the frame where they would reach zero. */
export function widthPath(data: CurveData, frame: Frame2D): string {
  const { xErrors } = data;
  if (!xErrors) return '';
  let path = '';
  for (const index of decimate(data.y, 0, Math.min(data.x.length, data.y.length) - 1, POINTS / 4)) {
    const [x, y] = point(data, index, frame);
    const width = at(xErrors, index);
    if (!Number.isFinite(x) || !Number.isFinite(y) || !(width > 0)) continue;
    const left = project(at(data.x, index) - width, frame.xDomain, frame.xScale, frame.width);
    const right = project(at(data.x, index) + width, frame.xDomain, frame.xScale, frame.width);
    path += `M${(Number.isFinite(left) ? left : 0).toFixed(1)},${y.toFixed(1)}H${right.toFixed(1)}`;
  }
  return path;
}

/** Vertical bars of one standard deviation; on log axes they end at the frame where they would reach zero. */
export function errorPath(data: CurveData, frame: Frame2D): string {
  const { errors } = data;
  if (!errors) return '';
  let path = '';
  for (const index of decimate(data.y, 0, Math.min(data.x.length, data.y.length) - 1, POINTS / 4)) {
    const [x, y] = point(data, index, frame);
    const error = at(errors, index);
    if (!Number.isFinite(x) || !Number.isFinite(y) || !(error > 0)) continue;
    const high = frame.height - project(at(data.y, index) + error, frame.yDomain, frame.yScale, frame.height);
    const low = frame.height - project(at(data.y, index) - error, frame.yDomain, frame.yScale, frame.height);
    path += `M${x.toFixed(1)},${high.toFixed(1)}V${(Number.isFinite(low) ? low : frame.height).toFixed(1)}`;
  }
  return path;
}
