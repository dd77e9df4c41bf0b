/** Requests for help: what is read, and how it is changed. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { components } from '@/api/schema';

type Schemas = components['schemas'];
export type HelpDraft = Schemas['HelpDraftOut'];
export type HelpRequest = Schemas['HelpRequestOut'];
export type HelpThread = Schemas['HelpThreadOut'];
export type HelpState = HelpRequest['state'];
export type HelpRequestIn = Schemas['HelpRequestIn'];
export type SentPicture = Schemas['HelpPictureIn'];

/** What a request is about. */
export interface About {
  session?: string;
  job?: string;
  dataset?: string;
}

export interface Filter {
  box: 'mine' | 'inbox';
  whose: 'all' | 'mine' | 'unassigned';
  closed: boolean;
}

const LIVE: HelpState[] = ['open', 'waiting', 'answered'];

export const draftQuery = (about: About) =>
  queryOptions({
    queryKey: ['help-draft', about],
    queryFn: ({ signal }) => body(api.GET('/api/v1/support/draft', { params: { query: about }, signal })),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false, // what is shown is what is sent
    refetchOnReconnect: false,
  });

export const requestsQuery = ({ box, whose, closed }: Filter) =>
  queryOptions({
    queryKey: ['help-requests', { box, whose, closed }],
    queryFn: ({ signal }) => body(api.GET('/api/v1/support/requests', { params: { query: { box, whose, limit: 200, ...(!closed && { state: LIVE }) } }, signal })),
  });

export const threadQuery = (id: string) =>
  queryOptions({
    queryKey: ['help-request', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/support/requests/{request_id}', { params: { path: { request_id: id } }, signal })),
  });

export const unreadQuery = queryOptions({
  queryKey: ['help-unread'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/support/unread', { signal })),
});

export const sendRequest = (request: HelpRequestIn) => body(api.POST('/api/v1/support/requests', { body: request }));

const at = (id: string) => ({ params: { path: { request_id: id } } });

/** Everything that can be done to a request; each answers with the request as it is then. */
export type Change =
  | { do: 'reply'; text: string; state: 'answered' | 'waiting'; pictures: SentPicture[] }
  | { do: 'state'; state: 'open' | 'closed' }
  | { do: 'assign'; user: string | null }
  | { do: 'name'; user: string }
  | { do: 'unname'; user: string };

function send(id: string, change: Change): Promise<HelpThread> {
  switch (change.do) {
    case 'reply':
      return body(api.POST('/api/v1/support/requests/{request_id}/messages', { ...at(id), body: { text: change.text, state: change.state, pictures: change.pictures } }));
    case 'state':
      return body(api.PUT('/api/v1/support/requests/{request_id}/state', { ...at(id), body: { state: change.state } }));
    case 'assign':
      return body(api.PUT('/api/v1/support/requests/{request_id}/assigned', { ...at(id), body: { user: change.user } }));
    case 'name':
      return body(api.PUT('/api/v1/support/requests/{request_id}/people/{user}', { params: { path: { request_id: id, user: change.user } } }));
    case 'unname':
      return body(api.DELETE('/api/v1/support/requests/{request_id}/people/{user}', { params: { path: { request_id: id, user: change.user } } }));
  }
}

export function useChange(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Change) => send(id, change),
    onSuccess: (now) => {
      queries.setQueryData(threadQuery(id).queryKey, now);
      void queries.invalidateQueries({ queryKey: ['help-requests'] });
    },
  });
}

/** The request has been read up to its last message. */
export function useSeen(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => body(api.POST('/api/v1/support/requests/{request_id}/seen', at(id))),
    onSuccess: () => Promise.all([['help-unread'], ['help-requests'], ['help-request', id]].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}
