/** Signing in with a provider: the browser goes there, comes back to `/signed-in/…`, and the page posts what it brought. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { ArrivalOut, BeginIn } from '@/api/types';

import { useChangePerson } from './session';

const WAITING = 'pandaas.arrival';

export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/providers', { signal })),
});

export const accountQuery = queryOptions({
  queryKey: ['account'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/account', { signal })),
});

export interface Back {
  state?: string | undefined;
  code?: string | undefined;
  error?: string | undefined;
  error_description?: string | undefined;
  iss?: string | undefined;
}

/** Leave for the provider. Where it can't be reached, the mutation's error says so and nobody leaves. */
export function useBegin() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ provider, ...wish }: BeginIn & { provider: string }) =>
      body(api.POST('/api/v1/providers/{provider}/begin', { params: { path: { provider } }, body: wish })),
    onSuccess: ({ address }) => window.location.assign(address),
    onError: () => queries.invalidateQueries({ queryKey: waysQuery.queryKey }),
  });
}

export function useReturn(provider: string) {
  const change = useChangePerson();
  return useMutation({
    mutationFn: ({ state = '', ...back }: Back) =>
      body(api.POST('/api/v1/providers/{provider}/return', { params: { path: { provider } }, body: { state, ...back } })),
    onSuccess: (arrival: ArrivalOut) => {
      if (arrival.outcome === 'signed_in' && arrival.session) change(arrival.session);
    },
  });
}

export function useMakeAccount() {
  const change = useChangePerson();
  return useMutation({
    mutationFn: (state: string) => body(api.POST('/api/v1/arrivals/account', { body: { state } })),
    onSuccess: change,
  });
}

export function useLinkArrival() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (state: string) => body(api.POST('/api/v1/arrivals/link', { body: { state } })),
    onSuccess: () => {
      rememberArrival(null);
      return queries.invalidateQueries({ queryKey: accountQuery.queryKey });
    },
  });
}

/** The identity that waits while its person signs in another way; for this tab only, and worthless in another browser. */
export function rememberArrival(state: string | null): void {
  if (state === null) window.sessionStorage.removeItem(WAITING);
  else window.sessionStorage.setItem(WAITING, state);
}

export function waitingArrival(): string | null {
  return window.sessionStorage.getItem(WAITING);
}
