/** The API's answers that the viewer works with, and what it derives from them. */

import type { components } from '../../api/schema';

type Schemas = components['schemas'];

export type DatasetOut = Schemas['DatasetOut'];
export type ArrayOut = Schemas['ArrayOut'];
export type PlotOut = Schemas['PlotOut'];
export type NodeOut = Schemas['NodeOut'];
export type StatsOut = Schemas['StatsOut'];
export type Geometry = Schemas['GeometryOut'];
export type RegularAxis = Schemas['RegularAxisOut'];

/** RFC 9457 problem details, as the server answers them. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly remedy: string | null;
  readonly request_id: string;
}

export type MaskIn = Schemas['MaskIn'];
export type DatasetCard = Schemas['DatasetCard'];

/** An array as the viewer sees it, from the dataset's record or from the tree. */
export interface ArraySource {
  readonly pid: string;
  readonly version: number;
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** h5grove's type class where the tree said it: 'integer', 'float', 'complex', 'string', 'compound' … */
  readonly typeClass: string | null;
  /** The reader's word for what it looks like: 'image_stack', 'curve' …; null when only the tree knows the array. */
  readonly kind: string | null;
  readonly unit: string | null;
  /** Names by value of an enumeration; empty for other types. */
  readonly names: ReadonlyMap<number, string>;
  readonly title: string | null;
  /** Regular axes that no array holds, one entry per dimension; empty for most files. */
  readonly grid: readonly (RegularAxis | null)[];
}

/** NXdata semantics of the array on show; `axes` has one entry per dimension. */
export interface PlotContext {
  readonly axes: readonly (string | null)[];
  readonly errors: string | null;
  /** One standard deviation per point along x: the resolution of q. */
  readonly xErrors: string | null;
  readonly auxiliary: readonly string[];
  readonly title: string | null;
  readonly interpretation: string | null;
  /** Null: the file doesn't say. */
  readonly xScale: 'linear' | 'log' | null;
  readonly yScale: 'linear' | 'log' | null;
}

export const NO_PLOT: PlotContext = {
  axes: [],
  errors: null,
  xErrors: null,
  auxiliary: [],
  title: null,
  interpretation: null,
  xScale: null,
  yScale: null,
};
