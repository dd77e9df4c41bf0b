/** The array that the one on show is compared with. */

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { sourceFromNode, sourceFromRecord } from '../data/plotContext';
import { useNode, usePlotContext } from '../data/queries';
import { requestJson } from '../data/requests';
import type { ArraySource, DatasetOut, PlotContext } from '../data/types';

export interface Partner {
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly plot: PlotContext;
}

const FRESH_MS = 60_000;

export function recordQuery(pid: string, enabled = true) {
  return {
    queryKey: ['viewer', 'record', pid],
    queryFn: ({ signal }: { signal: AbortSignal }) => requestJson<DatasetOut>(`/api/v1/datasets/${encodeURIComponent(pid)}`, signal),
    staleTime: FRESH_MS,
    retry: false as const,
    enabled,
  };
}

/** `pid` null: another array of `dataset`. Null until everything is there; `error` says what can't be had. */
export function usePartner(dataset: DatasetOut, pid: string | null, path: string): { partner: Partner | null; error: unknown } {
  const asked = useQuery(recordQuery(pid ?? '', pid !== null));
  const record = pid === null ? dataset : asked.data;
  const owner = record ?? { pid: '', version: 0 };
  const node = useNode({ pid: owner.pid, version: owner.version }, record ? path : null);
  const source = useMemo(
    () => (record ? ((node.data ? sourceFromNode(record, node.data) : null) ?? sourceFromRecord(record, path)) : null),
    [record, node.data, path],
  );
  const plot = usePlotContext(record ?? dataset, source);
  const partner = useMemo(() => (record && source && plot ? { dataset: record, source, plot } : null), [record, source, plot]);
  return { partner, error: asked.error ?? node.error ?? null };
}
