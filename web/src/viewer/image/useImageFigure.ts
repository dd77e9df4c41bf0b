/** The image on show as a figure for print: painted pixel by pixel from the rendered frame, not from the screen. */

import { useEffect, useRef } from 'react';

import { colorFraction } from '../core/contrast';
import { valueLabel } from '../core/format';
import { at, clamp } from '../core/numbers';
import type { Box } from '../core/state';
import type { Rendered } from '../data/frameStore';
import { barTicks } from '../figure/barTicks';
import { captionLines } from '../figure/captions';
import { imageFigureSvg, type FigureAxis } from '../figure/svg';
import type { PlotAxis } from '../plots/axes';
import type { PlotProps } from '../plots/props';
import type { Feed } from './feed';
import { colorAt, MASKED_COLOR, SATURATED_COLOR, type Look } from './frameMaterial';

interface ImageFigureInput extends PlotProps {
  readonly detail: Rendered | null;
  readonly shown: Rendered | null;
  /** Has the newest frame, which may be newer than `shown`. */
  readonly feed: Feed<Rendered>;
  readonly look: Look;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly square: boolean;
  readonly top: boolean;
  readonly selection: string | null;
}

const LONGEST = 1600;

/** Offered once; what is painted is what is on show when the figure is asked for. */
export function useImageFigure(input: ImageFigureInput): void {
  const { shown, onFigure } = input;
  const newest = useRef(input);
  useEffect(() => {
    newest.current = input;
  });
  const isThere = shown !== null;
  useEffect(() => {
    if (!isThere) return;
    onFigure({ svg: () => figureOf(newest.current), width: 960, height: 900 });
    return () => onFigure(null);
  }, [isThere, onFigure]);
}

function figureOf({ detail, feed, shown, look, xAxis, yAxis, square, top, selection, dataset, source, state }: ImageFigureInput): string {
  const pixels = detail ?? feed.latest ?? shown;
  if (!pixels) return '';
  const area = state.zoom ?? ([xAxis.domain[0], yAxis.domain[0], xAxis.domain[1], yAxis.domain[1]] as Box);
  const ratio = (area[2] - area[0]) / (area[3] - area[1]);
  return imageFigureSvg({
    title: dataset.title,
    caption: captionLines(dataset, source.path, selection),
    x: figureAxis(xAxis, [area[0], area[2]], false),
    y: figureAxis(yAxis, [area[1], area[3]], top),
    image: paint(pixels, look, xAxis, yAxis, area, top),
    aspect: clamp(square ? ratio : 1.25, 0.2, 5),
    bar: {
      colors: Array.from({ length: 33 }, (_, i) => colorAt(look.map, look.invert, i / 32)),
      ticks: barTicks(look.domain, look.scale, 7).filter(({ label }) => label),
      label: valueLabel(source),
    },
  });
}

function figureAxis(axis: PlotAxis, domain: [number, number], reversed: boolean): FigureAxis {
  const { label, formatTick } = axis;
  return { label, domain, scale: 'linear', reversed, ...(formatTick && { formatTick }) };
}

/** PNG of an area (in coordinates), one canvas pixel per pixel of the rendered frame where possible. */
export function paint(shown: Rendered, look: Look, xAxis: PlotAxis, yAxis: PlotAxis, area: Box, top: boolean): string {
  const [fromX, toX] = [xAxis.toPixel(area[0]), xAxis.toPixel(area[2])];
  const [fromY, toY] = top ? [yAxis.toPixel(area[1]), yAxis.toPixel(area[3])] : [yAxis.toPixel(area[3]), yAxis.toPixel(area[1])];
  const width = Math.round(clamp(Math.abs(toX - fromX) / shown.factor, 1, LONGEST));
  const height = Math.round(clamp(Math.abs(toY - fromY) / shown.factor, 1, LONGEST));
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return '';
  const pixels = context.createImageData(width, height);
  const colors = Array.from({ length: 256 }, (_, i) => rgb(colorAt(look.map, look.invert, i / 255)));
  const masked = rgb(MASKED_COLOR[look.map]);
  const saturated = rgb(SATURATED_COLOR);
  for (let row = 0; row < height; row++) {
    const y = Math.floor((fromY + ((row + 0.5) / height) * (toY - fromY) - shown.block.row) / shown.factor);
    for (let column = 0; column < width; column++) {
      const x = Math.floor((fromX + ((column + 0.5) / width) * (toX - fromX) - shown.block.column) / shown.factor);
      if (x < 0 || y < 0 || x >= shown.columns || y >= shown.rows) continue;
      const value = at(shown.values, y * shown.columns + x);
      const color = Number.isNaN(value)
        ? masked
        : look.saturation !== null && value >= look.saturation
          ? saturated
          : (colors[Math.round(colorFraction(value, look.domain, look.scale) * 255)] ?? masked);
      pixels.data.set(color, (row * width + column) * 4);
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL('image/png');
}

/** '#rrggbb' or 'rgb(r, g, b)' → bytes with alpha. */
function rgb(css: string): [number, number, number, number] {
  if (css.startsWith('#')) {
    const value = parseInt(css.slice(1), 16);
    return [(value >> 16) & 255, (value >> 8) & 255, value & 255, 255];
  }
  const [r = 0, g = 0, b = 0] = (css.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b, 255];
}
