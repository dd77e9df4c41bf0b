import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import type { JobIn } from '@/api/types';

type Request = Pick<JobIn, 'recipe' | 'inputs'> & Partial<JobIn>;

/** Starts the jobs and opens them: one opens its page, several open the list. */
export function useStart() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (request: Request) => body(api.POST('/api/v1/jobs', { body: { parameters: {}, gpu: true, ...request } })),
    onSuccess: (jobs) => {
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      void queries.invalidateQueries({ queryKey: ['home'] });
      const [first] = jobs;
      if (jobs.length === 1 && first) void navigate({ to: '/jobs/$id', params: { id: first.id } });
      else {
        notifications.show({ message: `${String(jobs.length)} jobs were started.`, color: 'blue' });
        void navigate({ to: '/jobs' });
      }
    },
  });
}
