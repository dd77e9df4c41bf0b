/** What the page of `pandaas view` asks its server beyond the array routes. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { fetchRaw } from '@/api/client';
import type { DatasetOut } from '@/api/types';

export interface ViewOut {
  title: string;
  /** The only file, or '' for the list of what there is. */
  start: string;
  is_file: boolean;
  version: string;
}

export interface EntryOut {
  name: string;
  address: string;
  kind: 'folder' | 'file';
  size: number | null;
  modified: string | null;
  /** Why it can't be opened. */
  problem: string | null;
}

export interface FolderOut {
  address: string;
  name: string;
  entries: EntryOut[];
  total: number;
  hidden: number;
}

export type Order = 'name' | 'newest';

const FIRST = 200;
const MORE = 1000;
const LOOK_AGAIN_MS = 5000;
/** Folders with more entries are looked at less often: ordering them by time takes a second of processor time. */
const MANY = 5000;

async function json<T>(url: string, signal: AbortSignal): Promise<T> {
  return (await (await fetchRaw(url, { signal })).json()) as T;
}

export const viewQuery = queryOptions({
  queryKey: ['view'],
  queryFn: ({ signal }) => json<ViewOut>('/api/v1/view', signal),
  staleTime: Infinity,
});

/** A folder part by part; its first part is looked at again every few seconds, since files come while measuring. */
export const folderQuery = (address: string, words: string, order: Order) =>
  infiniteQueryOptions({
    queryKey: ['folder', address, words, order],
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ address, words, order, offset: String(pageParam), limit: String(pageParam ? MORE : FIRST) });
      return json<FolderOut>(`/api/v1/view/folder?${query.toString()}`, signal);
    },
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const shown = pages.reduce((sum, page) => sum + page.entries.length, 0);
      return last.entries.length > 0 && shown < last.total ? shown : undefined;
    },
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? [];
      if (pages.length > 1) return false;
      return (pages[0]?.total ?? 0) <= MANY ? LOOK_AGAIN_MS : 12 * LOOK_AGAIN_MS;
    },
  });

export const recordQuery = (address: string) =>
  queryOptions({
    queryKey: ['record', address],
    queryFn: ({ signal }) => json<DatasetOut>(`/api/v1/datasets/${encodeURIComponent(address)}`, signal),
    staleTime: Infinity,
    gcTime: 0,
  });

/** What an address names; of a file its version, to see whether it changed on disk since its record was read. */
export const stateQuery = (address: string) =>
  queryOptions({
    queryKey: ['state', address],
    queryFn: ({ signal }) =>
      json<{ kind: EntryOut['kind']; version: number | null }>(`/api/v1/view/state?${new URLSearchParams({ address }).toString()}`, signal),
    staleTime: 0,
    refetchInterval: LOOK_AGAIN_MS,
    retry: false,
  });
