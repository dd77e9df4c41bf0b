/** Logbooks and notes: what is read, and how it is changed. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, body, fetchRaw } from '@/api/client';
import type { components } from '@/api/schema';

export type LogbookEntry = components['schemas']['LogbookEntryOut'];
export type Revision = components['schemas']['RevisionOut'];

export const logbookQuery = (proposal: string, words: string) =>
  infiniteQueryOptions({
    queryKey: ['logbook', proposal, { words }],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET('/api/v1/proposals/{name}/logbook', {
          params: { path: { name: proposal }, query: { q: words, ...(pageParam !== null && { before: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.before,
  });

export const notesQuery = (pid: string) =>
  queryOptions({
    queryKey: ['logbook', 'of dataset', pid],
    queryFn: ({ signal }) => body(api.GET('/api/v1/datasets/{pid}/notes', { params: { path: { pid } }, signal })),
  });

export const revisionsQuery = (proposal: string, id: number) =>
  queryOptions({
    queryKey: ['logbook', proposal, 'revisions', id],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/proposals/{name}/logbook/{entry_id}/revisions', { params: { path: { name: proposal, entry_id: id } }, signal })),
  });

const at = (entry: LogbookEntry) => ({ params: { path: { name: entry.proposal, entry_id: entry.id } } });

export const writeEntry = (name: string, text: string) =>
  body(api.POST('/api/v1/proposals/{name}/logbook', { params: { path: { name } }, body: { text } }));

export const writeNote = (pid: string, text: string) =>
  body(api.POST('/api/v1/datasets/{pid}/notes', { params: { path: { pid } }, body: { text } }));

export const editEntry = (entry: LogbookEntry, text: string) =>
  body(api.PUT('/api/v1/proposals/{name}/logbook/{entry_id}', { ...at(entry), body: { text } }));

export const removeEntry = (entry: LogbookEntry) => body(api.DELETE('/api/v1/proposals/{name}/logbook/{entry_id}', at(entry)));

export const restoreEntry = (entry: LogbookEntry) =>
  body(api.POST('/api/v1/proposals/{name}/logbook/{entry_id}/restore', at(entry)));

/** Sends a picture; the address to show it by. */
export async function sendImage(proposal: string, image: Blob): Promise<string> {
  const response = await fetchRaw(`/api/v1/proposals/${encodeURIComponent(proposal)}/logbook/images`, {
    method: 'POST',
    body: image,
    headers: { 'Content-Type': image.type || 'application/octet-stream' },
  });
  return ((await response.json()) as components['schemas']['LogbookImageOut']).address;
}
