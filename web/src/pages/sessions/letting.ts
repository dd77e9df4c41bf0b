import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { SessionMemberOut } from '@/api/types';

/** Lets people into a session and takes them out. */
export function useMember(id: string) {
  const queries = useQueryClient();
  const settled = () =>
    Promise.all([['session-sharing', id], ['session-watchers'], ['work-session', id]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  const share = useMutation({
    mutationFn: ({ user, may }: { user: string; may: SessionMemberOut['may'] }) =>
      body(api.PUT('/api/v1/sessions/{session_id}/members/{user}', { params: { path: { session_id: id, user } }, body: { may } })),
    onSuccess: settled,
  });
  const remove = useMutation({
    mutationFn: (user: string) => body(api.DELETE('/api/v1/sessions/{session_id}/members/{user}', { params: { path: { session_id: id, user } } })),
    onSuccess: settled,
  });
  return { share, remove };
}

/** The answer to staff who ask to join. */
export function useAnswer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ session, user, allow, minutes }: { session: string; user: string; allow: boolean; minutes: number }) =>
      body(
        api.PUT('/api/v1/sessions/{session_id}/join-requests/{user}', {
          params: { path: { session_id: session, user } },
          body: { allow, minutes },
        }),
      ),
    onSettled: (_answer, _error, { session }) =>
      Promise.all([['session-watchers'], ['session-sharing', session]].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}

/** Staff ask to join. */
export function useAsk(id: string) {
  return useMutation({
    mutationFn: (reason: string) => body(api.POST('/api/v1/sessions/{session_id}/join-requests', { params: { path: { session_id: id } }, body: { reason } })),
  });
}
