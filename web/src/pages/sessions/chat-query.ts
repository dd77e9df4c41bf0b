import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';

import type { Company } from './company';

export const VISIT = '/api/v1/visit';

/** What was said beside the session that is `at` this place of the platform. */
export const messagesQuery = (at: string) =>
  queryOptions({
    queryKey: ['session-messages', at],
    queryFn: ({ signal }) =>
      body(
        at === VISIT
          ? api.GET('/api/v1/visit/messages', { signal })
          : api.GET('/api/v1/sessions/{session_id}/messages', { params: { path: { session_id: idOf(at) } }, signal }),
      ),
  });

export function say(at: string, text: string) {
  return body(
    at === VISIT
      ? api.POST('/api/v1/visit/messages', { body: { text } })
      : api.POST('/api/v1/sessions/{session_id}/messages', { params: { path: { session_id: idOf(at) } }, body: { text } }),
  );
}

/** How many messages of others came while the chat was closed. */
export function useUnread(at: string, company: Company | null, open: boolean): number {
  const messages = useQuery({ ...messagesQuery(at), enabled: company !== null }).data;
  const [seen, setSeen] = useState<number | null>(null);
  if (!messages) return 0;
  const last = messages.at(-1)?.id ?? 0;
  if ((open || seen === null) && seen !== last) setSeen(last);
  return messages.filter(({ id, who }) => id > (seen ?? last) && who !== company?.you).length;
}

function idOf(at: string): string {
  return at.split('/').pop() ?? '';
}
