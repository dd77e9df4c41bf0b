/** Everything visible in the viewer, serialisable, so that the page can keep it in its address. */

import { COMPLEX_PARTS, type ComplexPart } from './complex';
import { COLOR_SCALES, type ColorScale } from './contrast';
import type { AxisScale } from './ticks';

export const VISUALISATIONS = [
  'line',
  'heatmap',
  'scatter',
  'rgb',
  'matrix',
  'table',
  'value',
  'attributes',
] as const;
export type Visualisation = (typeof VISUALISATIONS)[number];

export const COLOR_MAPS = ['viridis', 'inferno', 'cividis', 'grey'] as const;
export type ColorMapName = (typeof COLOR_MAPS)[number];

export const PANELS = ['contrast', 'region', 'profile', 'mask', 'rings'] as const;
export type Panel = (typeof PANELS)[number];

export type Box = [x0: number, y0: number, x1: number, y1: number];

/** Absent fields mean: the default for this array. */
export interface ViewerState {
  vis?: Visualisation | undefined;
  /** One index per dimension; only sliced dimensions count. */
  slice?: number[] | undefined;
  /** Dimension along x; for images also the one along y. */
  x?: number | undefined;
  y?: number | undefined;
  part?: ComplexPart | undefined;
  map?: ColorMapName | undefined;
  invert?: boolean | undefined;
  scale?: ColorScale | undefined;
  /** Values at both ends of the colour scale; absent = percentile contrast. */
  domain?: [number, number] | undefined;
  /** Visible part in data coordinates. */
  zoom?: Box | undefined;
  /** Whether the pixel mask is applied. */
  mask?: boolean | undefined;
  /** Row 0 at the top (true) or at the bottom. */
  top?: boolean | undefined;
  /** A calibrant's name or spacings in Å. */
  rings?: string | undefined;
  panel?: Panel | undefined;
  /** Region of interest in pixels. */
  region?: Box | undefined;
  /** Line of the profile in pixels. */
  profile?: Box | undefined;
  xScale?: AxisScale | undefined;
  yScale?: AxisScale | undefined;
  errors?: 'bars' | 'band' | 'none' | undefined;
  /** Indices along the first sliced dimension that stay on show as curves. */
  pinned?: number[] | undefined;
}

type Text = Record<string, string>;

const isFiniteNumber = (value: number) => Number.isFinite(value);

function numbers(text: string | undefined): number[] | undefined {
  if (!text) return undefined;
  const found = text.split('_').map(Number);
  return found.every(isFiniteNumber) ? found : undefined;
}

function oneOf<T extends string>(allowed: readonly T[], text: string | undefined): T | undefined {
  return allowed.find((value) => value === text);
}

function flag(text: string | undefined): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined;
}

function index(text: string | undefined): number | undefined {
  const value = text === undefined || text === '' ? NaN : Number(text);
  return Number.isInteger(value) && value >= 0 ? value : undefined;
}

function tuple<N extends 2 | 4>(text: string | undefined, size: N): (N extends 2 ? [number, number] : Box) | undefined {
  const found = numbers(text);
  return found?.length === size ? (found as N extends 2 ? [number, number] : Box) : undefined;
}

const round = (value: number) => Number(value.toPrecision(7));

/** Short texts for an address, only for what differs from the defaults. */
export function stateToParams(state: ViewerState): Text {
  const entries: [string, string | number | boolean | number[] | undefined][] = [
    ['vis', state.vis],
    ['slice', state.slice],
    ['x', state.x],
    ['y', state.y],
    ['part', state.part],
    ['map', state.map],
    ['inv', state.invert],
    ['scale', state.scale],
    ['dom', state.domain],
    ['zoom', state.zoom],
    ['mask', state.mask],
    ['top', state.top],
    ['rings', state.rings],
    ['panel', state.panel],
    ['roi', state.region],
    ['cut', state.profile],
    ['xs', state.xScale],
    ['ys', state.yScale],
    ['err', state.errors],
    ['pin', state.pinned?.length ? state.pinned : undefined],
  ];
  const params: Text = {};
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    if (Array.isArray(value)) params[key] = value.map(round).join('_');
    else params[key] = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  }
  return params;
}

/** The state in an address; what can't be understood is left out. */
export function stateFromParams(params: Readonly<Partial<Record<string, string>>>): ViewerState {
  const state: ViewerState = {
    vis: oneOf(VISUALISATIONS, params.vis),
    slice: numbers(params.slice)?.map(Math.round),
    x: index(params.x),
    y: index(params.y),
    part: oneOf(COMPLEX_PARTS, params.part),
    map: oneOf(COLOR_MAPS, params.map),
    invert: flag(params.inv),
    scale: oneOf(COLOR_SCALES, params.scale),
    domain: tuple(params.dom, 2),
    zoom: tuple(params.zoom, 4),
    mask: flag(params.mask),
    top: flag(params.top),
    rings: params.rings?.slice(0, 200),
    panel: oneOf(PANELS, params.panel),
    region: tuple(params.roi, 4),
    profile: tuple(params.cut, 4),
    xScale: oneOf(['linear', 'log'], params.xs),
    yScale: oneOf(['linear', 'log'], params.ys),
    errors: oneOf(['bars', 'band', 'none'], params.err),
    pinned: numbers(params.pin)?.map(Math.round),
  };
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
}
