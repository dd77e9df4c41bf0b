/** Axes of plots: pixel positions ↔ coordinates with units. */

import { axisLabel, baseName, formatNumber } from '../core/format';
import { at, type Domain } from '../core/numbers';
import { plainTickLabel } from '../core/ticks';
import type { RegularAxis } from '../data/types';

/** What is known of one dimension of an array. */
export interface AxisInfo {
  readonly path: string | null;
  readonly name: string;
  readonly unit: string | null;
  readonly size: number;
  /** As many values as the dimension has (points) or one more (edges); null: index only. */
  readonly values: ArrayLike<number> | null;
  /** Names instead of values: parameters, samples. */
  readonly labels?: readonly string[] | null;
}

export interface PlotAxis {
  readonly label: string;
  readonly name: string;
  readonly unit: string | null;
  readonly size: number;
  /** True when coordinates are pixel numbers: no values, or values that are not evenly spaced. */
  readonly isIndex: boolean;
  /** Coordinates of both outer edges, ascending. */
  readonly domain: Domain;
  /** Coordinate of a position in pixel edges (the centre of pixel i is i + 0.5). */
  toCoordinate: (pixel: number) => number;
  toPixel: (coordinate: number) => number;
  /** Value at the centre of pixel `index`, null when the axis has none. */
  valueAt: (index: number) => number | null;
  /** Set where ticks at pixel numbers carry axis values. */
  readonly formatTick?: (coordinate: number) => string;
  /** What pixel `index` is, where the axis has names. */
  readonly nameOf?: (index: number) => string | null;
}

const UNEVEN = 0.01;

function isEven(values: ArrayLike<number>): boolean {
  const last = values.length - 1;
  const step = (at(values, last) - at(values, 0)) / last;
  if (!(Math.abs(step) > 0)) return false;
  for (let i = 1; i <= last; i++) {
    if (!(Math.abs(at(values, i) - at(values, i - 1) - step) <= Math.abs(step) * UNEVEN)) return false;
  }
  return true;
}

function indexAxis(info: AxisInfo): PlotAxis {
  const { values, size } = info;
  const valueAt = (index: number): number | null => {
    if (values === null || index < 0 || index >= size) return null;
    const value = values.length === size + 1 ? (at(values, index) + at(values, index + 1)) / 2 : at(values, index);
    return Number.isFinite(value) ? value : null;
  };
  const common = {
    label: axisLabel(info.name, values === null ? null : info.unit),
    name: info.name,
    unit: values === null ? null : info.unit,
    size,
    isIndex: true,
    domain: [0, Math.max(size, 1)] as Domain,
    toCoordinate: (pixel: number) => pixel,
    toPixel: (coordinate: number) => coordinate,
    valueAt,
  };
  if (values === null) return common;
  const formatTick = (coordinate: number) => {
    const value = valueAt(Math.min(Math.floor(coordinate), size - 1));
    return value === null ? '' : formatNumber(value, 3);
  };
  return { ...common, formatTick };
}

/** An axis whose pixels have names, written in full or shortened at their centres. */
function namedAxis(info: AxisInfo, labels: readonly string[]): PlotAxis {
  const { size } = info;
  const room = Math.min(Math.max(Math.floor(72 / size), 4), 12);
  const short = (name: string) => (name.length > room ? `${name.slice(0, room - 1)}…` : name);
  return {
    ...indexAxis({ ...info, values: null }),
    domain: [-0.5, size - 0.5],
    toCoordinate: (pixel) => pixel - 0.5,
    toPixel: (coordinate) => coordinate + 0.5,
    formatTick: (coordinate) => (Number.isInteger(coordinate) ? short(labels[coordinate] ?? '') : ''),
    nameOf: (index) => labels[index] ?? null,
  };
}

/** An axis for images: evenly spaced values become coordinates, others stay labels of pixel numbers. */
export function imageAxis(info: AxisInfo): PlotAxis {
  const { values, size, labels } = info;
  if (labels?.length === size) return namedAxis(info, labels);
  if (values === null || size < 2 || !isEven(values)) return indexAxis(info);
  const edges = values.length === size + 1;
  const step = (at(values, values.length - 1) - at(values, 0)) / (values.length - 1);
  const origin = at(values, 0) - (edges ? 0 : step / 2);
  const end = origin + step * size;
  return {
    label: axisLabel(info.name, info.unit),
    name: info.name,
    unit: info.unit,
    size,
    isIndex: false,
    domain: [Math.min(origin, end), Math.max(origin, end)],
    toCoordinate: (pixel) => origin + pixel * step,
    toPixel: (coordinate) => (coordinate - origin) / step,
    valueAt: (index) => origin + (index + 0.5) * step,
  };
}

/** Labels of an image's ticks; beside the image there is nothing to label. */
export function tickFormat(axis: PlotAxis): (value: number) => string {
  const [low, high] = axis.domain;
  const format = axis.formatTick ?? plainTickLabel;
  return (value) => (value < low || value > high ? '' : format(value));
}

/** Values along a curve: the axis' points, the centres of its edges, or indices. */
export function curveAbscissa(info: AxisInfo): Float64Array {
  const { values, size } = info;
  if (values === null) return Float64Array.from({ length: size }, (_, i) => i);
  if (values.length === size + 1) {
    return Float64Array.from({ length: size }, (_, i) => (at(values, i) + at(values, i + 1)) / 2);
  }
  return Float64Array.from({ length: size }, (_, i) => at(values, i));
}

/** Square pixels where both axes count pixels or share a unit, unless the image would become a thread. */
export function wantsSquarePixels(x: PlotAxis, y: PlotAxis, kind: string | null): boolean {
  if (kind === 'spectra_map') return false;
  if (x.nameOf && y.nameOf) return x.size === y.size;
  const sameKind = x.isIndex && y.isIndex ? !x.formatTick && !y.formatTick : !x.isIndex && !y.isIndex && x.unit === y.unit && x.unit !== null;
  const ratio = (x.domain[1] - x.domain[0]) / (y.domain[1] - y.domain[0]);
  return sameKind && ratio < 12 && ratio > 1 / 12;
}

/** A dimension whose coordinates are a grid instead of an array. */
export function regularAxis(size: number, axis: RegularAxis | null): AxisInfo | null {
  if (!axis) return null;
  const { name, start, step, unit } = axis;
  const values = Float64Array.from({ length: size }, (_, i) => start + i * step);
  return { path: null, name, unit: unit ?? null, size, values };
}

/** A dimension without axis values. */
export function plainAxis(size: number, dimension: number, rank: number, kind: string | null): AxisInfo {
  const isImage = kind === 'image' || kind === 'image_stack';
  const fromEnd = rank - dimension;
  const name =
    isImage && fromEnd === 1
      ? 'x (pixel)'
      : isImage && fromEnd === 2
        ? 'y (pixel)'
        : kind === 'image_stack' && fromEnd === 3
          ? 'Frame'
          : rank === 1
            ? 'Index'
            : `Dimension ${dimension}`;
  return { path: null, name, unit: null, size, values: null };
}

export function axisName(path: string, longName: unknown): string {
  return typeof longName === 'string' && longName.trim() ? longName.trim() : baseName(path);
}
