/** Everything visible in the viewer, serialisable, so that the page can keep it in its address. */

import { COMPLEX_PARTS, type ComplexPart } from './complex';
import { COLOR_SCALES, type ColorScale } from './contrast';
import type { AxisScale } from './ticks';

export const VISUALISATIONS = [
  'line',
  'heatmap',
  'scatter',
  'rgb',
  'slices',
  'volume',
  'matrix',
  'table',
  'value',
  'attributes',
] as const;
export type Visualisation = (typeof VISUALISATIONS)[number];

export const COLOR_MAPS = ['viridis', 'inferno', 'cividis', 'grey', 'blue-red'] as const;
export type ColorMapName = (typeof COLOR_MAPS)[number];

export const PANELS = ['contrast', 'region', 'profile', 'mask', 'rings'] as const;
export type Panel = (typeof PANELS)[number];

export const FOLLOWED = ['pixel', 'region', 'line'] as const;
export type Followed = (typeof FOLLOWED)[number];

export const FIGURES = ['sum', 'mean', 'maximum', 'minimum'] as const;
export type FigureName = (typeof FIGURES)[number];

export const PROJECTIONS = ['composite', 'maximum'] as const;
export type Projection = (typeof PROJECTIONS)[number];

export const RELATIONS = ['beside', 'difference', 'ratio'] as const;
export type Relation = (typeof RELATIONS)[number];

export type Box = [x0: number, y0: number, x1: number, y1: number];
/** Angles in degrees, the distance in sizes of the volume, and the point looked at in sizes of the volume from its centre. */
export type Camera = [azimuth: number, elevation: number, distance: number, x: number, y: number, z: number];

/** Absent fields mean: the default for this array. */
export interface ViewerState {
  vis?: Visualisation | undefined;
  /** One index per dimension; only sliced dimensions count. */
  slice?: number[] | undefined;
  /** Dimension along x; for images also the one along y, for volumes also the one along z. */
  x?: number | undefined;
  y?: number | undefined;
  z?: number | undefined;
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
  /** Line of the profile in pixels, and how many pixels wide it is. */
  profile?: Box | undefined;
  profileWidth?: number | undefined;
  /** Column and row of the pixel that is followed. */
  pixel?: [number, number] | undefined;
  /** What is followed through the stack; absent = nothing. */
  follow?: Followed | undefined;
  /** The dimension that is gone through. */
  along?: number | undefined;
  /** Which figure of a region is drawn. */
  figure?: FigureName | undefined;
  xScale?: AxisScale | undefined;
  yScale?: AxisScale | undefined;
  errors?: 'bars' | 'band' | 'none' | undefined;
  /** Indices along the first sliced dimension that stay on show as curves. */
  pinned?: number[] | undefined;
  camera?: Camera | undefined;
  projection?: Projection | undefined;
  /** Of volumes: 0 to 1. Below the threshold (a fraction of the contrast) everything is clear. */
  opacity?: number | undefined;
  threshold?: number | undefined;
  /** What it is compared with: an array of this or another dataset. */
  against?: string | undefined;
  againstPath?: string | undefined;
  relation?: Relation | undefined;
}

type Params = Readonly<Partial<Record<string, string>>>;

/** How one field is written into an address and read from it; undefined for what can't be understood. */
interface Codec<T> {
  readonly write: (value: T) => string;
  readonly read: (text: string) => T | undefined;
}

type Field<K extends keyof ViewerState> = readonly [key: string, codec: Codec<NonNullable<ViewerState[K]>>];

const LONGEST_TEXT = 400;
const LONGEST_LIST = 64;

const oneOf = <T extends string>(allowed: readonly T[]): Codec<T> => ({
  write: String,
  read: (text) => allowed.find((value) => value === text),
});

const flag: Codec<boolean> = {
  write: (value) => (value ? '1' : '0'),
  read: (text) => (text === '1' ? true : text === '0' ? false : undefined),
};

const text = (longest: number): Codec<string> => ({ write: String, read: (found) => (found.length <= longest ? found : undefined) });

const index: Codec<number> = {
  write: String,
  read: (found) => (/^\d{1,15}$/.test(found) ? Number(found) : undefined),
};

const indices: Codec<number[]> = {
  write: (values) => values.join('_'),
  read: (found) => {
    const values = found.split('_').map((part) => index.read(part));
    return values.length <= LONGEST_LIST && values.every((value) => value !== undefined) ? values : undefined;
  },
};

const rounded = (value: number) => Number(value.toPrecision(7));

/** As many finite numbers as wanted, with seven significant digits. */
function numbers<T extends number[]>(count: T['length']): Codec<T> {
  return {
    write: (values) => values.map(rounded).join('_'),
    read: (found) => {
      const parts = found.split('_');
      const values = parts.map(Number);
      return values.length === count && values.every((value, i) => Number.isFinite(value) && parts[i]?.trim() !== '') ? (values as T) : undefined;
    },
  };
}

const fraction: Codec<number> = {
  write: (value) => String(rounded(value)),
  read: (found) => (found.trim() !== '' && Number(found) >= 0 && Number(found) <= 1 ? Number(found) : undefined),
};

const pair = numbers<[number, number]>(2);
const box = numbers<Box>(4);

const pixel: Codec<[number, number]> = {
  write: indices.write,
  read: (found) => {
    const [column, row, ...more] = indices.read(found) ?? [];
    return column !== undefined && row !== undefined && more.length === 0 ? [column, row] : undefined;
  },
};

const FIELDS: { readonly [K in keyof Required<ViewerState>]: Field<K> } = {
  vis: ['vis', oneOf(VISUALISATIONS)],
  slice: ['slice', indices],
  x: ['x', index],
  y: ['y', index],
  z: ['z', index],
  part: ['part', oneOf(COMPLEX_PARTS)],
  map: ['map', oneOf(COLOR_MAPS)],
  invert: ['inv', flag],
  scale: ['scale', oneOf(COLOR_SCALES)],
  domain: ['dom', pair],
  zoom: ['zoom', box],
  mask: ['mask', flag],
  top: ['top', flag],
  rings: ['rings', text(200)],
  panel: ['panel', oneOf(PANELS)],
  region: ['roi', box],
  profile: ['cut', box],
  profileWidth: ['cutw', index],
  pixel: ['px', pixel],
  follow: ['follow', oneOf(FOLLOWED)],
  along: ['along', index],
  figure: ['fig', oneOf(FIGURES)],
  xScale: ['xs', oneOf(['linear', 'log'])],
  yScale: ['ys', oneOf(['linear', 'log'])],
  errors: ['err', oneOf(['bars', 'band', 'none'])],
  pinned: ['pin', indices],
  camera: ['cam', numbers<Camera>(6)],
  projection: ['proj', oneOf(PROJECTIONS)],
  opacity: ['op', fraction],
  threshold: ['thr', fraction],
  against: ['with', text(LONGEST_TEXT)],
  againstPath: ['withpath', text(LONGEST_TEXT)],
  relation: ['rel', oneOf(RELATIONS)],
};

/** All keys that the viewer has in an address. */
export const STATE_KEYS: readonly string[] = Object.values(FIELDS).map(([key]) => key);

const NAMES = Object.keys(FIELDS) as (keyof ViewerState)[];

/** Changes after which 'back' should return to what was before; others (a slider, a zoom) replace the address. */
const STEPS: ReadonlySet<keyof ViewerState> = new Set(['vis', 'x', 'y', 'z', 'follow', 'against', 'againstPath', 'relation', 'panel']);

export function isStep(partial: Partial<ViewerState>): boolean {
  return NAMES.some((name) => STEPS.has(name) && name in partial);
}

function isEmpty(value: ViewerState[keyof ViewerState]): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Short texts for an address, only for what differs from the defaults. */
export function stateToParams(state: ViewerState): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name of NAMES) {
    const [key, codec] = FIELDS[name];
    const value = state[name];
    if (!isEmpty(value)) params[key] = (codec as Codec<unknown>).write(value);
  }
  return params;
}

/** The state in an address; what can't be understood is left out (see `unreadParams`). */
export function stateFromParams(params: Params): ViewerState {
  const found = NAMES.map((name) => {
    const [key, codec] = FIELDS[name];
    const given = params[key];
    return [name, given ? codec.read(given) : undefined] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Names of what stands in an address and can't be understood: from an older page, or changed by hand. */
export function unreadParams(params: Params): string[] {
  return NAMES.map((name) => FIELDS[name])
    .filter(([key, codec]) => params[key] && codec.read(params[key]) === undefined)
    .map(([key]) => key);
}
