/** Figures for print as SVG text: axes, units, legend, colour bar, title, caption with the dataset's pid. */

import type { Domain } from '../core/numbers';
import { project, ticks, type AxisScale, type Tick } from '../core/ticks';
import { errorPath, linePath, widthPath, type CurveData, type Frame2D } from './paths';

export interface FigureAxis {
  readonly label: string;
  readonly domain: Domain;
  readonly scale: AxisScale;
  /** Runs from right to left or from top to bottom. */
  readonly reversed?: boolean;
  readonly formatTick?: (value: number) => string;
}

interface FigureCommon {
  readonly title: string;
  /** Lines below the plot: what was selected, from which dataset. */
  readonly caption: readonly string[];
  readonly x: FigureAxis;
  readonly y: FigureAxis;
}

export interface CurveFigure extends FigureCommon {
  /** The axis on the right, of the curves that say so. */
  readonly right?: FigureAxis;
  readonly curves: readonly (CurveData & { readonly label: string; readonly color: string; readonly right?: boolean })[];
  readonly size: { readonly width: number; readonly height: number };
}

export interface ColorBar {
  readonly colors: readonly string[];
  readonly ticks: readonly { at: number; label: string }[];
  readonly label: string;
}

export interface ImageFigure extends FigureCommon {
  /** PNG as data: URL, covering the plot area. */
  readonly image: string;
  /** Width over height of the plot area. */
  readonly aspect: number;
  /** Null for colour images. */
  readonly bar: ColorBar | null;
}

export interface ScatterFigure extends FigureCommon {
  readonly points: readonly { readonly x: number; readonly y: number; readonly color: string }[];
  readonly bar: ColorBar;
  readonly size: { readonly width: number; readonly height: number };
}

const MARGIN = { left: 84, right: 24, top: 44, bottom: 60 };
const CAPTION_LINE = 15;
const BAR_ROOM = 104;
/** Of an axis on the right. */
const RIGHT_ROOM = 70;
const LEGEND_LINE = 18;
/** Length of a legend's line with the space behind it, and about the width of a letter. */
const SWATCH = 26;
const CHARACTER = 6.5;
const FONT = "font-family='Inter, Helvetica, Arial, sans-serif'";

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function placed(tick: Tick, axis: FigureAxis, size: number): number {
  const position = project(tick.value, axis.domain, axis.scale, size);
  return axis.reversed ? size - position : position;
}

function axesOf({ x, y }: FigureCommon, width: number, height: number): string {
  const label = (axis: FigureAxis, tick: Tick) => escapeXml(axis.formatTick && tick.label ? axis.formatTick(tick.value) : tick.label);
  const bottom = ticks(x.domain, x.scale, Math.max(3, Math.floor(width / 90))).map((tick) => {
    const at = placed(tick, x, width).toFixed(1);
    return `<path d='M${at},${height}v${tick.label ? 6 : 3}'/><text x='${at}' y='${height + 20}' text-anchor='middle'>${label(x, tick)}</text>`;
  });
  const left = ticks(y.domain, y.scale, Math.max(3, Math.floor(height / 60))).map((tick) => {
    // SVG counts from the top, values from the bottom.
    const at = (height - placed(tick, y, height)).toFixed(1);
    return `<path d='M0,${at}h-${tick.label ? 6 : 3}'/><text x='-10' y='${at}' dy='0.34em' text-anchor='end'>${label(y, tick)}</text>`;
  });
  return `<g font-size='12' fill='#111' ${FONT}><g stroke='#111' stroke-width='1' fill='none'><rect width='${width}' height='${height}'/></g>
<g>${[...bottom, ...left].join('').replaceAll('<path ', "<path stroke='#111' fill='none' ")}</g>
<text x='${width / 2}' y='${height + 44}' text-anchor='middle' font-size='14'>${escapeXml(x.label)}</text>
<text transform='translate(-62,${height / 2}) rotate(-90)' text-anchor='middle' font-size='14'>${escapeXml(y.label)}</text></g>`;
}

function page(figure: Pick<FigureCommon, 'title' | 'caption'>, width: number, height: number, extraRight: number, inside: string, extraTop = 0): string {
  const top = MARGIN.top + extraTop;
  const fullWidth = MARGIN.left + width + MARGIN.right + extraRight;
  const fullHeight = top + height + MARGIN.bottom + figure.caption.length * CAPTION_LINE;
  const caption = figure.caption
    .map(
      (line, i) =>
        `<text x='${MARGIN.left}' y='${top + height + MARGIN.bottom + 4 + i * CAPTION_LINE}' font-size='11' fill='#555' ${FONT}>${escapeXml(line)}</text>`,
    )
    .join('');
  return `<svg xmlns='http://www.w3.org/2000/svg' width='${fullWidth}' height='${fullHeight}' viewBox='0 0 ${fullWidth} ${fullHeight}'>
<rect width='100%' height='100%' fill='#fff'/>
<text x='${MARGIN.left}' y='26' font-size='15' font-weight='600' fill='#111' ${FONT}>${escapeXml(figure.title)}</text>
<g transform='translate(${MARGIN.left},${top})'>${inside}</g>${caption}</svg>`;
}

export function curveFigureSvg(figure: CurveFigure): string {
  const { width, height } = figure.size;
  const frame: Frame2D = {
    xDomain: figure.x.domain,
    yDomain: figure.y.domain,
    xScale: figure.x.scale,
    yScale: figure.y.scale,
    width,
    height,
  };
  const { right } = figure;
  const curves = figure.curves.map((curve) => {
    const over = curve.right && right ? { ...frame, yDomain: right.domain, yScale: right.scale } : frame;
    return `<path d='${errorPath(curve, over)}${widthPath(curve, over)}' stroke='${curve.color}' opacity='0.45' fill='none'/><path d='${linePath(curve, over)}' stroke='${curve.color}' stroke-width='1.6' stroke-linejoin='round' fill='none'/>`;
  });
  const lines = legendLines(figure.curves, width);
  const inside = `<clipPath id='area'><rect width='${width}' height='${height}'/></clipPath><g clip-path='url(#area)'>${curves.join('')}</g>${legend(lines)}`;
  const axes = axesOf(figure, width, height) + (right ? rightAxis(right, width, height) : '');
  return page(figure, width, height, right ? RIGHT_ROOM : 0, inside + axes, lines.length * LEGEND_LINE);
}

function rightAxis(axis: FigureAxis, width: number, height: number): string {
  const drawn = ticks(axis.domain, axis.scale, Math.max(3, Math.floor(height / 60))).map((tick) => {
    const at = (height - placed(tick, axis, height)).toFixed(1);
    return `<path stroke='#111' fill='none' d='M${width},${at}h6'/><text x='${width + 10}' y='${at}' dy='0.34em'>${escapeXml(tick.label)}</text>`;
  });
  return `<g font-size='12' fill='#111' ${FONT}>${drawn.join('')}<text transform='translate(${width + RIGHT_ROOM - 10},${height / 2}) rotate(-90)' text-anchor='middle' font-size='14'>${escapeXml(axis.label)}</text></g>`;
}

type Named = CurveFigure['curves'][number];

function roomOf({ label }: Named): number {
  return SWATCH + label.length * CHARACTER + 18;
}

/** Names of the curves in as many lines as they need; one curve needs none. */
function legendLines(curves: readonly Named[], width: number): Named[][] {
  if (curves.length < 2) return [];
  const lines: Named[][] = [[]];
  let used = 0;
  for (const curve of curves) {
    if (used > 0 && used + roomOf(curve) > width) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(curve);
    used += roomOf(curve);
  }
  return lines;
}

/** Over the plot, where it covers no curve. */
function legend(lines: readonly (readonly Named[])[]): string {
  const entry = ({ label, color }: Named, left: number, top: number) =>
    `<g transform='translate(${left},${top})'><path d='M0,0h20' stroke='${color}' stroke-width='2.5'/><text x='${SWATCH}' dy='0.34em' font-size='12' fill='#111' ${FONT}>${escapeXml(label)}</text></g>`;
  return lines
    .flatMap((line, i) => line.map((curve, j) => entry(curve, line.slice(0, j).reduce((left, before) => left + roomOf(before), 0), LEGEND_LINE * (i - lines.length) + 6)))
    .join('');
}

export function imageFigureSvg(figure: ImageFigure): string {
  const width = figure.aspect >= 1 ? 760 : Math.max(220, Math.round(700 * figure.aspect));
  const height = figure.aspect >= 1 ? Math.max(180, Math.round(760 / figure.aspect)) : 700;
  const image = `<image href='${figure.image}' width='${width}' height='${height}' preserveAspectRatio='none' style='image-rendering:pixelated'/>`;
  return page(figure, width, height, figure.bar ? BAR_ROOM : 0, image + (figure.bar ? colorBar(figure.bar, width, height) : '') + axesOf(figure, width, height));
}

export function scatterFigureSvg(figure: ScatterFigure): string {
  const { width, height } = figure.size;
  const points = figure.points
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    .map(({ x, y, color }) => {
      const left = project(x, figure.x.domain, figure.x.scale, width).toFixed(1);
      const top = (height - project(y, figure.y.domain, figure.y.scale, height)).toFixed(1);
      return `<circle cx='${left}' cy='${top}' r='3' fill='${color}'/>`;
    });
  return page(figure, width, height, BAR_ROOM, points.join('') + colorBar(figure.bar, width, height) + axesOf(figure, width, height));
}

function colorBar(bar: ColorBar, width: number, height: number): string {
  const stops = bar.colors.map((color, i) => `<stop offset='${i / (bar.colors.length - 1)}' stop-color='${color}'/>`).join('');
  const barTicks = bar.ticks
    .map(({ at, label }) => {
      const y = (height * (1 - at)).toFixed(1);
      return `<path d='M18,${y}h5' stroke='#111'/><text x='28' y='${y}' dy='0.34em' font-size='12' fill='#111' ${FONT}>${escapeXml(label)}</text>`;
    })
    .join('');
  return `<defs><linearGradient id='colors' x1='0' y1='1' x2='0' y2='0'>${stops}</linearGradient></defs>
<g transform='translate(${width + 22},0)'><rect width='18' height='${height}' fill='url(#colors)' stroke='#111'/>${barTicks}
<text transform='translate(${BAR_ROOM - 26},${height / 2}) rotate(-90)' text-anchor='middle' font-size='12' fill='#111' ${FONT}>${escapeXml(bar.label)}</text></g>`;
}

/** Several figures below each other as one. */
export function joinedSvg(figures: readonly string[]): string {
  const sizes = figures.map((svg) => (['width', 'height'] as const).map((side) => Number(new RegExp(`^<svg [^>]*${side}='([\\d.]+)'`, 'u').exec(svg)?.[1] ?? 0)));
  const width = Math.max(0, ...sizes.map(([wide = 0]) => wide));
  let at = 0;
  const placed = figures.map((svg, i) => {
    const here = at;
    at += sizes[i]?.[1] ?? 0;
    // Names inside a figure must stay its own.
    return svg.replace('<svg ', `<svg y='${here}' `).replaceAll(/(id='|url\(#)(area|colors)/g, `$1$2${i}`);
  });
  return `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${at}' viewBox='0 0 ${width} ${at}'><rect width='100%' height='100%' fill='#fff'/>${placed.join('')}</svg>`;
}

export interface SceneFigure {
  readonly title: string;
  readonly caption: readonly string[];
  /** PNG as data: URL. */
  readonly image: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly lines: readonly { readonly from: readonly [number, number]; readonly to: readonly [number, number] }[];
  readonly labels: readonly { readonly at: readonly [number, number]; readonly text: string }[];
  readonly bar: ColorBar;
}

/** A picture of something in space, with lines and labels at places of the picture. */
export function sceneFigureSvg(figure: SceneFigure): string {
  const { width, height } = figure.size;
  const lines = figure.lines.map(({ from, to }) => `<path d='M${from.join(',')}L${to.join(',')}' stroke='#888' fill='none'/>`);
  const labels = figure.labels.map(({ at, text }) => `<text x='${at[0]}' y='${at[1]}' text-anchor='middle' font-size='12' fill='#111' ${FONT}>${escapeXml(text)}</text>`);
  const image = `<image href='${figure.image}' width='${width}' height='${height}'/>`;
  return page(figure, width, height, BAR_ROOM, lines.join('') + image + labels.join('') + colorBar(figure.bar, width, height));
}
