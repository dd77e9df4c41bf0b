import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import type { WorkSessionIn } from '@/api/types';

import { enter } from './enter';
import { workSessionQuery } from './queries';

export type Verb = 'end' | 'hibernate' | 'resume';

const FAILED: Record<Verb | 'extend', string> = {
  end: 'The session could not be ended',
  hibernate: 'The session could not be put to sleep',
  resume: 'The session could not be started again',
  extend: 'The session could not be extended',
};

function show(verb: Verb | 'extend', error: Error): void {
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? ` ${error.remedy}` : '';
  notifications.show({ color: 'red', title: FAILED[verb], message: error.message + remedy });
}

/** End, hibernate or resume a session. */
export function useVerb(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (verb: Verb) => {
      const params = { params: { path: { session_id: id } } };
      if (verb === 'end') return body(api.POST('/api/v1/sessions/{session_id}/end', params));
      if (verb === 'hibernate') return body(api.POST('/api/v1/sessions/{session_id}/hibernate', params));
      return body(api.POST('/api/v1/sessions/{session_id}/resume', params));
    },
    onSuccess: (now) => {
      queries.setQueryData(workSessionQuery(id).queryKey, now);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
    },
    onError: (error, verb) => show(verb, error),
  });
}

/** Says that this program, or the one she started last, will probably be started: its first start gets faster. Nothing comes of a failure. */
export function anticipate(program: string | null = null): void {
  void api.POST('/api/v1/programs/prepare', { body: { program } }).catch(() => undefined);
}

export function useExtend(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (hours: number) => body(api.POST('/api/v1/sessions/{session_id}/extend', { params: { path: { session_id: id } }, body: { hours } })),
    onSuccess: (now) => {
      queries.setQueryData(workSessionQuery(id).queryKey, now);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
    },
    onError: (error) => show('extend', error),
  });
}

/** Ask staff for more time than the rules give. */
export function useAskForTime(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (asked: { hours: number; reason: string }) => body(api.POST('/api/v1/sessions/{session_id}/more-time', { params: { path: { session_id: id } }, body: asked })),
    onSuccess: (now) => queries.setQueryData(workSessionQuery(id).queryKey, now),
  });
}

/** What operators said has been read. */
export function useUnderstood(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => body(api.POST('/api/v1/sessions/{session_id}/understood', { params: { path: { session_id: id } } })),
    onSuccess: (now) => queries.setQueryData(workSessionQuery(id).queryKey, now),
  });
}

/** Whether operators may see a small picture of it. */
export function useSeenByOperators(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (on: boolean) => body(api.PUT('/api/v1/sessions/{session_id}/seen-by-operators', { params: { path: { session_id: id } }, body: { on } })),
    onSuccess: (now) => queries.setQueryData(workSessionQuery(id).queryKey, now),
  });
}

type Wanted = Omit<WorkSessionIn, 'automatic_results' | 'gpu'> & {
  gpu?: boolean;
  /** Its software is there: it is waited for at its own address, whose page loads meanwhile. */
  soon?: boolean;
};

/** Start a program on datasets and go to it, or to its page. */
export function useStart() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (given: Wanted) => {
      const wanted = { ...given, gpu: given.gpu ?? false };
      delete wanted.soon;
      return body(api.POST('/api/v1/sessions', { body: wanted }));
    },
    onSuccess: async (made, { soon = false }) => {
      queries.setQueryData(workSessionQuery(made.id).queryKey, made);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
      const opens = soon && made.engine === 'local' && (made.kind === 'jupyter' || made.kind === 'app');
      const entered = opens && (await enter(made.id, '_self').then(() => true, () => false));
      if (!entered) await navigate({ to: '/sessions/$id', params: { id: made.id } });
    },
    onError: (error) => {
      const remedy = 'remedy' in error && typeof error.remedy === 'string' ? ` ${error.remedy}` : '';
      notifications.show({ color: 'red', title: 'The session could not be started', message: error.message + remedy });
    },
  });
}
