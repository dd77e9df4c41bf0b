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

/** Everything shown belongs to the person asked for: a change of person forgets all of it. */
function useForget(): (session: SessionOut | undefined) => void {
  const queries = useQueryClient();
  const live = useLive();
  return (session) => {
    if (session) queries.setQueryData(sessionQuery.queryKey, session);
    else void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    queries.removeQueries({ type: 'inactive' });
    void queries.resetQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    live.restart();
  };
}

export function useSignIn() {
  const forget = useForget();
  return useMutation({
    mutationFn: (credentials: { user: string; password: string }) =>
      body(api.POST('/api/v1/session', { body: credentials })),
    onSuccess: forget,
  });
}

export function useSignOut() {
  const forget = useForget();
  return useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/session')),
    onSuccess: () => forget(undefined),
  });
}
