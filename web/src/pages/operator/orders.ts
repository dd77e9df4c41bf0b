import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { nodesQuery } from '@/pages/sessions/queries';

export interface Order {
  text: string;
  minutes: number;
}

/** Messages, stops and drains; each says to whom. */
export function useOrder() {
  const queries = useQueryClient();
  const settled = () => Promise.all([['sessions'], nodesQuery.queryKey].map((queryKey) => queries.invalidateQueries({ queryKey })));
  const say = useMutation({
    mutationFn: ({ session, node, text }: { session?: string; node?: string; text: string }) =>
      session !== undefined
        ? body(api.POST('/api/v1/sessions/{session_id}/announcements', { params: { path: { session_id: session } }, body: { text } }))
        : body(api.POST('/api/v1/session-nodes/{node}/announcements', { params: { path: { node: node ?? '' } }, body: { text } })),
    onSuccess: settled,
  });
  const stop = useMutation({
    mutationFn: ({ session, text, minutes }: Order & { session: string }) => body(api.POST('/api/v1/sessions/{session_id}/stop', { params: { path: { session_id: session } }, body: { reason: text, minutes } })),
    onSuccess: settled,
  });
  const drain = useMutation({
    mutationFn: ({ node, text, minutes }: Order & { node: string }) => body(api.PUT('/api/v1/session-nodes/{node}/drain', { params: { path: { node } }, body: { reason: text, minutes } })),
    onSuccess: settled,
  });
  return { say, stop, drain };
}

/** One click takes an order back. */
export function useUndo() {
  const queries = useQueryClient();
  const settled = () => Promise.all([['sessions'], nodesQuery.queryKey].map((queryKey) => queries.invalidateQueries({ queryKey })));
  const undrain = useMutation({
    mutationFn: (node: string) => body(api.DELETE('/api/v1/session-nodes/{node}/drain', { params: { path: { node } } })),
    onSuccess: settled,
  });
  const goOn = useMutation({
    mutationFn: (session: string) => body(api.DELETE('/api/v1/sessions/{session_id}/stop', { params: { path: { session_id: session } } })),
    onSuccess: settled,
  });
  return { undrain, goOn };
}
