/** What the page reads about access: reasons, shares, links, requests, policy, audit. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { paths } from '@/api/schema';

export type AuditQuery = NonNullable<paths['/api/v1/audit']['get']['parameters']['query']>;

export const accessQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'access'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/access', { params: { path: { pid } }, signal })),
  });

export const seersQuery = (pid: string, at: string | undefined) =>
  queryOptions({
    queryKey: ['dataset', pid, 'access', 'people', at],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/access/people', { params: { path: { pid }, query: { ...(at && { at }) } }, signal })),
  });

export const accessesQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'accesses'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/accesses', { params: { path: { pid } }, signal })),
  });

export const sharesQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'shares'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/shares', { params: { path: { pid } }, signal })),
  });

export const linksQuery = (dataset: string) =>
  queryOptions({
    queryKey: ['dataset', dataset, 'links'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/links', { params: { query: { dataset } }, signal })),
  });

export const myLinksQuery = queryOptions({
  queryKey: ['links'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/links', { signal })),
});

export const lensQuery = queryOptions({
  queryKey: ['lens'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/lens', { signal })),
});

export const accessRequestsQuery = queryOptions({
  queryKey: ['requests', 'access'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/access-requests', { signal })),
});

export const releaseRequestsQuery = (proposal?: string) =>
  queryOptions({
    queryKey: ['requests', 'release', proposal],
    queryFn: ({ signal }) => body(api.GET('/api/v1/release-requests', { params: { query: { ...(proposal && { proposal }) } }, signal })),
  });

export const policiesQuery = queryOptions({
  queryKey: ['policies'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/policies', { signal })),
});

const AUDIT_PAGE = 200;

export const auditQuery = (query: AuditQuery) =>
  infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ pageParam, signal }) => body(api.GET('/api/v1/audit', { params: { query: { ...query, limit: AUDIT_PAGE, ...(pageParam && { before: pageParam }) } }, signal })),
    initialPageParam: 0,
    getNextPageParam: (lines) => (lines.length === AUDIT_PAGE ? lines[lines.length - 1]?.number : undefined),
  });
