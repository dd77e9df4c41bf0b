import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { components } from '@/api/schema';

import type { Draft } from './draft';

type Schemas = components['schemas'];
export type ChainOut = Schemas['ChainOut'];
export type ChainRunOut = Schemas['ChainRunOut'];
export type ChainRunStepOut = Schemas['ChainRunStepOut'];
export type ChainPageOut = Schemas['ChainPageOut'];
export type ChainFindingOut = Schemas['ChainFindingOut'];
export type AttachmentOut = Schemas['AttachmentOut'];
export type AutomaticRunOut = Schemas['AutomaticRunOut'];
export type SeriesOut = Schemas['SeriesOut'];

const A_PAGE = 100;

/** All that she may use, asked for in pages: what fits some data is looked for among them. */
async function everyChain(signal: AbortSignal): Promise<ChainOut[]> {
  const found: ChainOut[] = [];
  for (;;) {
    const page = await body(api.GET('/api/v1/chains', { params: { query: { limit: A_PAGE, offset: found.length } }, signal }));
    found.push(...page);
    if (page.length < A_PAGE) return found;
  }
}

export const chainsQuery = queryOptions({
  queryKey: ['chains'],
  queryFn: ({ signal }) => everyChain(signal),
});

export const chainQuery = (id: string, number?: number) =>
  queryOptions({
    queryKey: ['chains', id, number],
    queryFn: ({ signal }) => body(api.GET('/api/v1/chains/{chain_id}', { params: { path: { chain_id: id }, query: { ...(number && { number }) } }, signal })),
  });

/** What is wrong with a chain while it is composed. */
export const findingsQuery = (definition: Draft) =>
  queryOptions({
    queryKey: ['chain-check', definition],
    queryFn: ({ signal }) => body(api.POST('/api/v1/chains/check', { body: { definition: { ...definition } }, signal })),
    placeholderData: keepPreviousData,
  });

export const connectionsQuery = queryOptions({
  queryKey: ['chain-connections'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/chains/connections', { signal })),
  staleTime: 600_000,
});

export const chainRunsQuery = queryOptions({
  queryKey: ['chain-runs'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/chain-runs', { params: { query: { limit: 30 } }, signal })),
});

export const chainRunQuery = (id: string) =>
  queryOptions({
    queryKey: ['chain-runs', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/chain-runs/{run_id}', { params: { path: { run_id: id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 2000 : false),
  });

export interface Chosen {
  series?: string | undefined;
  chain?: string | undefined;
  attachment?: number | undefined;
  step?: string | undefined;
}

export const seriesQuery = ({ series, chain, attachment, step }: Chosen) =>
  queryOptions({
    queryKey: ['chain-runs', 'series', series, chain, attachment, step],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/chain-runs/series', {
          params: { query: { ...(series && { series }), ...(chain && { chain }), ...(attachment && { attachment }), ...(step && { step }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const curvesQuery = (dataset: string[]) =>
  queryOptions({
    queryKey: ['chain-curves', ...dataset],
    queryFn: ({ signal }) => body(api.GET('/api/v1/chain-runs/curves', { params: { query: { dataset } }, signal })),
    enabled: dataset.length > 0,
    staleTime: Infinity,
  });

export const attachmentsQuery = (name: string) =>
  queryOptions({
    queryKey: ['instruments', name, 'chains'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/instruments/{name}/chains', { params: { path: { name } }, signal })),
  });

export const automaticQuery = (id: number) =>
  queryOptions({
    queryKey: ['chain-runs', 'automatic', String(id)],
    queryFn: ({ signal }) => body(api.GET('/api/v1/chain-attachments/{attachment_id}/runs', { params: { path: { attachment_id: id }, query: { limit: 50 } }, signal })),
  });
