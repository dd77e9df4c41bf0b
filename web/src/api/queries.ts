/**
 * What the page reads from the server, one query per resource.
 *
 * Keys start with the kind of thing; `api/live.ts` invalidates by these kinds when the server reports a change.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, body, fetchRaw } from './client';
import type { paths } from './schema';

export type SearchQuery = NonNullable<paths['/api/v1/search']['get']['parameters']['query']>;
export type JobsQuery = NonNullable<paths['/api/v1/jobs']['get']['parameters']['query']>;

const HOUR = 3_600_000;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/session', { signal })),
  staleTime: HOUR,
});

export const homeQuery = queryOptions({
  queryKey: ['home'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/home', { signal })),
});

export const searchQuery = (query: SearchQuery) =>
  queryOptions({
    queryKey: ['search', query],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const completionsQuery = (q: string, at: number) =>
  queryOptions({
    queryKey: ['search', 'complete', q, at],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search/complete', { params: { query: { q, at } }, signal })),
    staleTime: 30_000,
  });

/** The part of a search that says which hits: without paging. */
export type HitsQuery = Omit<SearchQuery, 'limit' | 'offset' | 'sort'>;

export const histogramsQuery = (query: HitsQuery, parameter: string[] = []) =>
  queryOptions({
    queryKey: ['search', 'histograms', query, parameter],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search/histograms', { params: { query: { ...query, parameter } }, signal })),
    placeholderData: keepPreviousData,
  });

export const techniqueTreeQuery = (query: HitsQuery) =>
  queryOptions({
    queryKey: ['search', 'techniques', query],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search/techniques', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

/** Techniques that data may be tagged with, by words of their names. */
export const techniquesQuery = (text: string) =>
  queryOptions({
    queryKey: ['techniques', text],
    queryFn: ({ signal }) => body(api.GET('/api/v1/techniques', { params: { query: { text } }, signal })),
    enabled: text.trim() !== '',
    staleTime: HOUR,
    placeholderData: keepPreviousData,
  });

export const calendarQuery = (query: HitsQuery, of?: number) =>
  queryOptions({
    queryKey: ['search', 'calendar', query, of],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search/calendar', { params: { query: { ...query, ...(of && { of }) } }, signal })),
    placeholderData: keepPreviousData,
  });

export const snippetQuery = (query: HitsQuery) =>
  queryOptions({
    queryKey: ['snippet', query],
    queryFn: ({ signal }) => body(api.GET('/api/v1/search/snippet', { params: { query }, signal })),
    staleTime: HOUR,
  });

export const savedSearchesQuery = queryOptions({
  queryKey: ['saved-searches'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/saved-searches', { signal })),
});

export const collectionsQuery = queryOptions({
  queryKey: ['collections'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/collections', { signal })),
});

const A_PAGE_OF_A_COLLECTION = 50;

/** A collection with its datasets in pages. */
export const collectionQuery = (id: number) =>
  infiniteQueryOptions({
    queryKey: ['collections', id],
    queryFn: ({ pageParam: offset, signal }) =>
      body(
        api.GET('/api/v1/collections/{collection_id}', {
          params: { path: { collection_id: id }, query: { limit: A_PAGE_OF_A_COLLECTION, offset } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page, _pages, offset) => (offset + A_PAGE_OF_A_COLLECTION < page.count ? offset + A_PAGE_OF_A_COLLECTION : undefined),
  });

/** The names of all its datasets. */
export const collectionPidsQuery = (id: number) =>
  queryOptions({
    queryKey: ['collections', id, 'pids'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/collections/{collection_id}/pids', { params: { path: { collection_id: id } }, signal })),
  });

export const publicationsQuery = (dataset?: string) =>
  queryOptions({
    queryKey: ['publications', { dataset }],
    queryFn: ({ signal }) => body(api.GET('/api/v1/publications', { params: { query: { dataset } }, signal })),
  });

/** So many of a publication's datasets are on one page of its landing page. */
export const PUBLICATION_PAGE = 50;

export const publicationQuery = (pid: string, page = 1) =>
  queryOptions({
    queryKey: ['publications', pid, page],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/publications/{pid}', { params: { path: { pid }, query: { limit: PUBLICATION_PAGE, offset: (page - 1) * PUBLICATION_PAGE } }, signal })),
    placeholderData: (before, query) => (query?.queryKey[1] === pid ? before : undefined),
  });

export const preferencesQuery = queryOptions({
  queryKey: ['preferences'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/preferences', { signal })),
});

export const proposalsQuery = (mine: boolean) =>
  queryOptions({
    queryKey: ['proposals', { mine }],
    queryFn: ({ signal }) => body(api.GET('/api/v1/proposals', { params: { query: { mine } }, signal })),
  });

export const proposalQuery = (name: string) =>
  queryOptions({
    queryKey: ['proposals', name],
    queryFn: ({ signal }) => body(api.GET('/api/v1/proposals/{name}', { params: { path: { name } }, signal })),
  });

export const peopleQuery = (query: string) =>
  queryOptions({
    queryKey: ['people', query],
    queryFn: ({ signal }) => body(api.GET('/api/v1/people', { params: { query: { query } }, signal })),
    enabled: query.length >= 2,
    placeholderData: keepPreviousData,
  });

export const datasetQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}', { params: { path: { pid } }, signal })),
  });

export const filesQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'files'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/files', { params: { path: { pid } }, signal })),
  });

export const qualityQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'quality'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/quality', { params: { path: { pid } }, signal })),
  });

export const historyQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'history'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/history', { params: { path: { pid } }, signal })),
  });

export const provenanceQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'provenance'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/provenance', { params: { path: { pid } }, signal })),
  });

export const verificationQuery = (pid: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'verify'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/verify', { params: { path: { pid } }, signal })),
  });

/** A node's attributes and its children, one level deep; contents of a version never change. */
export const treeQuery = (pid: string, path: string) =>
  queryOptions({
    queryKey: ['dataset', pid, 'tree', path],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/datasets/{pid}/tree', { params: { path: { pid }, query: { path, depth: 1 } }, signal })),
    staleTime: HOUR,
  });

export const ownRecipesQuery = queryOptions({
  queryKey: ['recipes', 'own', ''],
  queryFn: ({ signal }) => body(api.GET('/api/v1/own-recipes', { signal })),
});

export const recipesQuery = queryOptions({
  queryKey: ['recipes'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/recipes', { signal })),
  staleTime: HOUR,
});

export const recipeQuery = (recipe: string, version?: string) =>
  queryOptions({
    queryKey: ['recipes', recipe, version],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/recipes/{recipe}', { params: { path: { recipe }, query: { ...(version && { version }) } }, signal })),
    staleTime: HOUR,
    retry: false,
  });

export const offersQuery = (dataset: string[]) =>
  queryOptions({
    queryKey: ['offers', dataset],
    queryFn: ({ signal }) => body(api.GET('/api/v1/offers', { params: { query: { dataset } }, signal })),
    enabled: dataset.length > 0,
  });

export const jobsQuery = (query: JobsQuery) =>
  queryOptions({
    queryKey: ['jobs', query],
    queryFn: ({ signal }) => body(api.GET('/api/v1/jobs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: id } }, signal })),
  });

export const noticesQuery = queryOptions({
  queryKey: ['notices'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/notices', { signal })),
});

export const instrumentsQuery = queryOptions({
  queryKey: ['instruments'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/instruments', { signal })),
});

export const instrumentQuery = (name: string) =>
  queryOptions({
    queryKey: ['instruments', name],
    queryFn: ({ signal }) => body(api.GET('/api/v1/instruments/{name}', { params: { path: { name } }, signal })),
  });

export const quarantineQuery = queryOptions({
  queryKey: ['quarantine'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/quarantine', { signal })),
});

export const operatorQuery = queryOptions({
  queryKey: ['operator'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/operator', { signal })),
});

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/tokens', { signal })),
});

export const capabilitiesQuery = (pid: string) =>
  queryOptions({
    queryKey: ['datasets', pid, 'capabilities'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/capabilities', { params: { path: { pid } }, signal })),
  });

export const helpIndexQuery = queryOptions({
  queryKey: ['help'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/help', { signal })),
  staleTime: HOUR,
});

export const helpPageQuery = (path: string) =>
  queryOptions({
    queryKey: ['help', path],
    // Help paths hold slashes, which the typed client would escape.
    queryFn: async ({ signal }) => {
      const response = await fetchRaw(`/api/v1/help/${path.split('/').map(encodeURIComponent).join('/')}`, { signal });
      return (await response.json()) as paths['/api/v1/help/{path}']['get']['responses'][200]['content']['application/json'];
    },
    staleTime: HOUR,
  });
