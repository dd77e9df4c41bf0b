/** Small answers about arrays (tree, statistics, geometry, axes) through TanStack Query. */

import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { AxisInfo } from '../plots/axes';
import { axisName, plainAxis, regularAxis } from '../plots/axes';
import { binaryUrl, exportUrl, jsonUrl, requestArray, requestJson } from './requests';
import { plotOfDataset, plotOfGroup } from './plotContext';
import type { ArraySource, DatasetOut, Geometry, NodeOut, PlotContext, StatsOut } from './types';
import { NO_PLOT } from './types';

const FRESH_MS = 10 * 60_000;
/** Axes longer than this are read as indices only. */
const AXIS_LIMIT = 4_000_000;
/** Axes up to this length may be names: their type is asked for first. */
const NAMES_LIMIT = 200;

type Owner = Pick<ArraySource, 'pid' | 'version'>;

export function nodeQuery(owner: Owner, path: string | null, enabled = true) {
  return {
    queryKey: ['viewer', 'node', owner.pid, owner.version, path],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      requestJson<NodeOut>(jsonUrl(owner.pid, 'tree', path ?? '/', { depth: 1 }), signal),
    enabled: enabled && path !== null,
    staleTime: FRESH_MS,
    retry: 1,
  };
}

export function useNode(owner: Owner, path: string | null): UseQueryResult<NodeOut> {
  return useQuery(nodeQuery(owner, path));
}

export function useStats(owner: Owner, path: string, selection: string | null, enabled: boolean): UseQueryResult<StatsOut> {
  return useQuery({
    queryKey: ['viewer', 'stats', owner.pid, owner.version, path, selection],
    queryFn: ({ signal }) => requestJson<StatsOut>(jsonUrl(owner.pid, 'stats', path, { selection }), signal),
    enabled,
    staleTime: FRESH_MS,
    retry: 1,
  });
}

export function useGeometry(owner: Owner, path: string, enabled: boolean): UseQueryResult<Geometry | null> {
  return useQuery({
    queryKey: ['viewer', 'geometry', owner.pid, owner.version, path],
    queryFn: ({ signal }) => requestJson<Geometry | null>(jsonUrl(owner.pid, 'geometry', path), signal),
    enabled,
    staleTime: FRESH_MS,
    retry: false,
  });
}

/** The plot that an array belongs to: the dataset's default plot, else the NXdata group around the array. */
export function usePlotContext(dataset: DatasetOut, source: ArraySource | null): PlotContext | null {
  const own = source ? plotOfDataset(dataset, source.path) : null;
  // A plot without any axis may have one that only the group's attributes tell.
  const complete = own?.axes.some((axis) => axis !== null) ?? false;
  const mayHaveAxes = source !== null && source.kind !== 'image' && source.kind !== 'image_stack';
  const parent = source && (!own || (!complete && mayHaveAxes)) ? source.path.replace(/\/[^/]*$/, '') || '/' : null;
  const group = useNode({ pid: dataset.pid, version: dataset.version }, parent);
  if (!source) return null;
  if (own && group.data && !complete) return { ...own, axes: plotOfGroup(group.data, source.path).axes };
  if (own) return own;
  if (group.data) return plotOfGroup(group.data, source.path);
  return group.isError ? NO_PLOT : null;
}

/** One entry per dimension; values come when they are there, null when the dimension has none. */
export function useAxes(source: ArraySource, plot: PlotContext): AxisInfo[] {
  const paths = source.shape.map((_, dimension) => plot.axes[dimension] ?? null);
  const nodes = useQueries({ queries: paths.map((path) => nodeQuery(source, path)) });
  const values = useQueries({
    queries: paths.map((path, dimension) => ({
      queryKey: ['viewer', 'axis', source.pid, source.version, path],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        requestArray(binaryUrl(source.pid, path ?? '', null), signal),
      enabled: path !== null && (source.shape[dimension] ?? 0) <= AXIS_LIMIT && mayBeRead(nodes[dimension], source.shape[dimension] ?? 0),
      staleTime: FRESH_MS,
      retry: 1,
    })),
  });
  const names = useQueries({
    queries: paths.map((path, dimension) => ({
      queryKey: ['viewer', 'axis names', source.pid, source.version, path],
      queryFn: ({ signal }: { signal: AbortSignal }) => requestJson<unknown>(exportUrl(source.pid, path ?? '', null, 'json'), signal),
      enabled: isText(nodes[dimension]?.data) && (source.shape[dimension] ?? 0) <= NAMES_LIMIT,
      staleTime: FRESH_MS,
      retry: 1,
    })),
  });
  const { grid, shape } = source;
  const regular = useMemo(() => shape.map((size, dimension) => regularAxis(size, grid[dimension] ?? null)), [shape, grid]);
  return shape.map((size, dimension) => {
    const plain = plainAxis(size, dimension, shape.length, source.kind);
    const path = paths[dimension] ?? null;
    if (path === null) return regular[dimension] ?? plain;
    const attributes = nodes[dimension]?.data?.attributes;
    const array = values[dimension]?.data?.values ?? null;
    const fits = array !== null && (array.length === size || array.length === size + 1);
    return {
      path,
      name: axisName(path, attributes?.long_name),
      unit: nodes[dimension]?.data?.unit ?? textAttribute(attributes, 'units'),
      size,
      values: fits ? array : null,
      labels: namesOf(names[dimension]?.data, size),
    };
  });
}

function isText(node: NodeOut | undefined): boolean {
  return node?.type_class === 'string';
}

/** Numbers can be asked for: the axis is too long for names, or known to be no text. */
function mayBeRead(node: UseQueryResult<NodeOut> | undefined, size: number): boolean {
  return size > NAMES_LIMIT || Boolean(node?.isError) || (node?.data !== undefined && !isText(node.data));
}

const KEPT = new WeakMap<object, readonly string[]>();

/** The answer's texts, the same list for the same answer; null when they are not as many as the dimension is long. */
function namesOf(answer: unknown, size: number): readonly string[] | null {
  if (!Array.isArray(answer) || answer.length !== size) return null;
  const kept = KEPT.get(answer) ?? answer.map(String);
  KEPT.set(answer, kept);
  return kept;
}

/** True while axis values that will change the picture are on their way. */
export function axesPending(axes: readonly AxisInfo[], plot: PlotContext, failed: boolean): boolean {
  return !failed && axes.some((axis, dimension) => (plot.axes[dimension] ?? null) !== null && axis.values === null);
}

export function textAttribute(attributes: Record<string, unknown> | null | undefined, name: string): string | null {
  const value = attributes?.[name];
  return typeof value === 'string' ? value : null;
}

export function numberAttribute(attributes: Record<string, unknown> | null | undefined, name: string): number | null {
  const value = attributes?.[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'number' && Number.isFinite(first) ? first : null;
}
