/** Who is signed in, and how that changes. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { sessionQuery } from '@/api/queries';
import type { PersonOut, SessionOut } from '@/api/types';

import { useLive } from './live-context';

export function useSession(): SessionOut | undefined {
  return useQuery(sessionQuery).data;
}

export function usePerson(): PersonOut | null {
  return useSession()?.person ?? null;
}

export function isStaff(session: SessionOut | undefined): boolean {
  const role = session?.person?.role;
  return role === 'operator' || (session?.instruments ?? []).length > 0 || role === 'instrument_staff';
}

/** Everything shown belongs to the person who asked for it: a change of person forgets all of it, in every tab. */
function useForget(): (change: (session: SessionOut | undefined) => SessionOut | undefined) => void {
  const queries = useQueryClient();
  const live = useLive();
  return (change) => {
    queries.setQueryData(sessionQuery.queryKey, change);
    // Once the page has been drawn for the new person, so that nothing is asked for that she may not have.
    window.setTimeout(() => {
      queries.removeQueries({ type: 'inactive' });
      void queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
      live.restart();
    }, 0);
  };
}

/** Somebody has signed in another way than by a password. */
export function useChangePerson(): (session: SessionOut) => void {
  const forget = useForget();
  return (session) => forget(() => session);
}

export function useSignIn() {
  const forget = useForget();
  return useMutation({
    mutationFn: (credentials: { user: string; password: string }) =>
      body(api.POST('/api/v1/session', { body: credentials })),
    onSuccess: (session) => forget(() => session),
  });
}

export function useSignOut() {
  const forget = useForget();
  return useMutation({
    mutationFn: (everywhere: boolean) => body(api.DELETE('/api/v1/session', { params: { query: { everywhere } } })),
    onSuccess: () => forget((session) => session && { ...session, person: null, scopes: [], instruments: [] }),
  });
}
