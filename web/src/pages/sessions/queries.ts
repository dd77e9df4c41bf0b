import { queryOptions } from '@tanstack/react-query';

import { api, body } from '@/api/client';

export const programsQuery = (dataset: string[]) =>
  queryOptions({
    queryKey: ['programs', dataset],
    queryFn: ({ signal }) => body(api.GET('/api/v1/programs', { params: { query: { dataset } }, signal })),
  });

export const sessionsQuery = (mine: boolean) =>
  queryOptions({
    queryKey: ['sessions', mine],
    queryFn: ({ signal }) => body(api.GET('/api/v1/sessions', { params: { query: { mine } }, signal })),
    refetchInterval: 15_000, // what they use changes without an event
  });

export const workSessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['work-session', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/sessions/{session_id}', { params: { path: { session_id: id } }, signal })),
    refetchInterval: (query) => (query.state.data && ['requested', 'starting'].includes(query.state.data.state) ? 250 : 30_000),
  });

export const sessionResultsQuery = (id: string) =>
  queryOptions({
    queryKey: ['session-results', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/sessions/{session_id}/results', { params: { path: { session_id: id } }, signal })),
    // Its program writes without an event; what is being copied is watched.
    refetchInterval: ({ state }) => (state.data?.registration?.state === 'working' ? 1000 : 15_000),
  });

export const timeRequestsQuery = queryOptions({
  queryKey: ['session-time-requests'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/session-time-requests', { signal })),
  refetchInterval: 60_000, // sessions end without an event
});

export const openNotebooksQuery = (id: string) =>
  queryOptions({
    queryKey: ['open-notebooks', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/sessions/{session_id}/open-notebooks', { params: { path: { session_id: id } }, signal })),
    refetchInterval: 15_000, // kernels work without an event
  });

export const runningQuery = queryOptions({
  queryKey: ['sessions', 'running'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/sessions', { params: { query: { mine: false, alive: true } }, signal })),
  refetchInterval: 15_000,
});

export const nodesQuery = queryOptions({
  queryKey: ['session-nodes'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/session-nodes', { signal })),
  refetchInterval: 15_000,
});

export const sharingQuery = (id: string) =>
  queryOptions({
    queryKey: ['session-sharing', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/sessions/{session_id}/sharing', { params: { path: { session_id: id } }, signal })),
  });

export const watchersQuery = queryOptions({
  queryKey: ['session-watchers'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/session-watchers', { signal })),
  refetchInterval: 60_000, // their time ends without an event
});
