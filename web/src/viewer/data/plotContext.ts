/** NXdata semantics: which axes, errors and further signals belong to an array. Also the older attribute style. */

import type { ArraySource, DatasetOut, NodeOut, PlotContext } from './types';
import { NO_PLOT } from './types';

const NO_NAMES: ReadonlyMap<number, string> = new Map();

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  // Older files join the names in one text.
  return typeof value === 'string' ? value.split(/[,:]/).map((name) => name.trim()) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() ? value.trim() : null;
}

export function plotOfDataset(dataset: DatasetOut, path: string): PlotContext | null {
  const { plot } = dataset;
  if (!plot || (plot.signal !== path && !plot.auxiliary.includes(path))) return null;
  const isSignal = plot.signal === path;
  return {
    axes: plot.axes,
    errors: isSignal ? (plot.errors ?? null) : null,
    xErrors: isSignal ? (plot.x_errors ?? null) : null,
    auxiliary: isSignal ? plot.auxiliary : [],
    title: plot.title ?? null,
    interpretation: plot.interpretation ?? null,
    xScale: plot.x_scale ?? null,
    yScale: plot.y_scale ?? null,
  };
}

/** The scales that the file asks for, as silx writes them: one for each axis, one for the signal. */
function scalesOf(style: unknown): Pick<PlotContext, 'xScale' | 'yScale'> {
  const scale = (value: unknown) => (value === 'log' || value === 'linear' ? value : null);
  let found: unknown;
  try {
    found = typeof style === 'string' ? JSON.parse(style) : null;
  } catch {
    found = null;
  }
  const { axes_scale_types: axes, signal_scale_type: signal } = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  return { xScale: scale(Array.isArray(axes) ? axes.at(-1) : axes), yScale: scale(signal) };
}

/** The plot of `path` from the attributes of the group around it; plain when the group is no NXdata of it. */
export function plotOfGroup(group: NodeOut, path: string): PlotContext {
  const attributes = group.attributes ?? {};
  const children = new Map((group.children ?? []).map((child) => [child.name, child]));
  const name = path.split('/').at(-1) ?? '';
  const signal = text(attributes.signal);
  const auxiliary = texts(attributes.auxiliary_signals).filter((other) => children.has(other));
  const isPlot = group.nx_class === 'NXdata' || attributes.canSAS_class === 'SASdata';
  if (!isPlot || (signal !== name && !auxiliary.includes(name))) return NO_PLOT;
  const shape = children.get(name)?.shape ?? [];
  const inside = (child: string) => `${group.path === '/' ? '' : group.path}/${child}`;
  // NXcanSAS writes the axes of I as `I_axes`.
  const named = texts(attributes.axes ?? attributes[`${name}_axes`]);
  // Points in a plane: a list of values with two axes of the same length.
  const isScatter = shape.length === 1 && named.length === 2 && named.every((axis) => children.get(axis)?.shape?.[0] === shape[0]);
  const axes = Array.from({ length: isScatter ? 2 : shape.length }, (_, dimension) => {
    const axis = named[dimension];
    return axis && children.get(axis)?.shape?.length === 1 ? inside(axis) : null;
  });
  const errors = [`${name}_errors`, `${name}dev`, ...(signal === name ? ['errors'] : [])].find((child) => children.has(child));
  const along = shape.length === 1 && !isScatter ? named[0] : undefined;
  const xErrors = along === undefined ? undefined : [`${along}dev`, `${along}_errors`, 'dQw'].find((child) => children.get(child)?.shape?.[0] === shape[0]);
  return {
    axes,
    errors: errors ? inside(errors) : null,
    xErrors: xErrors ? inside(xErrors) : null,
    auxiliary: signal === name ? auxiliary.map(inside) : [],
    title: text(attributes.title),
    interpretation: text(attributes.interpretation),
    ...scalesOf(attributes.SILX_style),
  };
}

/** Where a group's default plot is, following `@default` one step: the path of the signal, or of the next group. */
export function defaultChild(node: NodeOut): string | null {
  const attributes = node.attributes ?? {};
  const children = node.children ?? [];
  const base = node.path === '/' ? '' : node.path;
  const signal = text(attributes.signal);
  if (signal && children.some((child) => child.name === signal)) return `${base}/${signal}`;
  const next = text(attributes.default);
  if (next && children.some((child) => child.name === next)) return `${base}/${next}`;
  const data = children.find((child) => child.nx_class === 'NXdata');
  return data?.path ?? null;
}

/** Path of the signal of an NXdata group, null for other nodes. */
export function signalOf(node: NodeOut): string | null {
  if (node.kind !== 'group' || node.nx_class !== 'NXdata') return null;
  const signal = text(node.attributes?.signal);
  const child = node.children?.find(({ name, kind }) => name === signal && kind !== 'group');
  return child?.path ?? null;
}

/** The array at `path` as the dataset's record knows it, before the tree has answered. */
export function sourceFromRecord(dataset: DatasetOut, path: string): ArraySource | null {
  const array = dataset.arrays.find((candidate) => candidate.path === path);
  if (!array) return null;
  return {
    pid: dataset.pid,
    version: dataset.version,
    path,
    shape: array.shape,
    dtype: array.dtype,
    typeClass: null,
    kind: array.kind,
    unit: array.unit,
    names: NO_NAMES,
    title: null,
    grid: dataset.plot?.signal === path ? dataset.plot.grid : [],
  };
}

export function sourceFromNode(dataset: DatasetOut, node: NodeOut): ArraySource | null {
  if (node.kind !== 'dataset' || !node.dtype) return null;
  const known = dataset.arrays.find((candidate) => candidate.path === node.path);
  return {
    pid: dataset.pid,
    version: dataset.version,
    path: node.path,
    shape: node.shape ?? [],
    dtype: node.dtype,
    typeClass: node.type_class ?? null,
    kind: known?.kind ?? null,
    unit: node.unit ?? known?.unit ?? null,
    names: new Map(Object.entries(node.enum).map(([name, value]) => [value, name])),
    title: text(node.attributes?.long_name),
    grid: node.grid,
  };
}
