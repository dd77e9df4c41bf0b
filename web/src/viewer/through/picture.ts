/** Profiles of all frames as a picture: frames from left to right, positions along the line upwards. */

import { autoDomain, colorDomain, colorFraction, defaultMap, defaultScale, validDomain, type ColorScale, type ContrastInput } from '../core/contrast';
import { at, extent, positiveMinimum, type Domain } from '../core/numbers';
import { percentiles } from '../core/statistics';
import type { ColorMapName } from '../core/state';
import type { ThroughData } from '../data/through';
import { colorAt, MASKED_COLOR } from '../image/frameMaterial';

export interface PictureLook {
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly scale: ColorScale;
  readonly domain: Domain;
}

const WIDEST = 2048;
const HIGHEST = 1024;
const KEYS = ['0.1', '1', '5', '50', '95', '99', '99.9'];
const SAMPLES = 200_000;

function statsOf(values: ArrayLike<number>): ContrastInput {
  const step = Math.max(1, Math.ceil(values.length / SAMPLES));
  const sample = Float64Array.from({ length: Math.floor(values.length / step) }, (_, i) => at(values, i * step));
  const found = percentiles(sample, KEYS.map(Number));
  const range = extent(values);
  return {
    minimum: range?.[0] ?? null,
    maximum: range?.[1] ?? null,
    positive_minimum: positiveMinimum(values),
    percentiles: Object.fromEntries(KEYS.map((key, i) => [key, found[i] ?? NaN])),
  };
}

/** Percentile contrast of numbers, on the wanted scale or the one that suits them. */
export function contrastOf(values: ArrayLike<number>, wanted: ColorScale | undefined): { scale: ColorScale; domain: Domain } {
  const stats = statsOf(values);
  if (stats.minimum === null) return { scale: wanted ?? 'linear', domain: [0, 1] };
  const scale = wanted ?? defaultScale(stats);
  return { scale, domain: validDomain(autoDomain(stats, scale), scale, stats.positive_minimum ?? 1) };
}

/** The same for a picture in colours: those that suit the values, with zero in the middle where they lie on both sides of it. */
export function colorsOf(values: ArrayLike<number>, wanted: ColorScale | undefined): { scale: ColorScale; domain: Domain; map: ColorMapName } {
  const stats = statsOf(values);
  const { scale, domain } = contrastOf(values, wanted);
  return { scale, domain: stats.minimum === null ? domain : validDomain(colorDomain(stats, scale), scale, stats.positive_minimum ?? 1), map: defaultMap(stats) };
}

/** The largest value of each cell of a grid that fits the screen; NaN where nothing has come yet. */
export function pooled({ values, perFrame }: ThroughData): { columns: number; rows: number; cells: Float64Array } {
  const frames = values.length / perFrame;
  const columns = Math.min(frames, WIDEST);
  const rows = Math.min(perFrame, HIGHEST);
  const cells = new Float64Array(columns * rows).fill(NaN);
  for (let frame = 0; frame < frames; frame++) {
    const column = Math.floor((frame * columns) / frames);
    for (let position = 0; position < perFrame; position++) {
      const cell = Math.floor((position * rows) / perFrame) * columns + column;
      const value = at(values, frame * perFrame + position);
      if (!(value <= at(cells, cell))) cells[cell] = Number.isNaN(value) ? at(cells, cell) : value;
    }
  }
  return { columns, rows, cells };
}

export function paintProfiles(data: ThroughData, look: PictureLook): HTMLCanvasElement {
  const { columns, rows, cells } = pooled(data);
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const colors = Array.from({ length: 256 }, (_, i) => packed(colorAt(look.map, look.invert, i / 255)));
  const masked = packed(MASKED_COLOR[look.map]);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = at(cells, row * columns + column);
      const color = Number.isNaN(value) ? masked : colors[Math.round(colorFraction(value, look.domain, look.scale) * 255)];
      pixels[(rows - 1 - row) * columns + column] = color ?? masked;
    }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** '#rrggbb' or 'rgb(r, g, b)' as the four bytes of a pixel. */
function packed(css: string): number {
  const hex = /^#(..)(..)(..)$/.exec(css);
  const [r = 0, g = 0, b = 0] = hex ? hex.slice(1).map((part) => parseInt(part, 16)) : (css.match(/[\d.]+/g) ?? []).map(Number);
  return ((255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;
}
