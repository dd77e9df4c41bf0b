import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';
import type { PublicationIn } from '@/api/types';

/** Begins a draft and opens it. With `told` a failure is shown as a notice, where the page has no place for it. */
export function usePublish({ told = false } = {}) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (what: Partial<PublicationIn>) => body(api.POST('/api/v1/publications', { body: { datasets: [], ...what } })),
    onSuccess: ({ pid }) => {
      void queries.invalidateQueries({ queryKey: ['publications'] });
      void navigate({ to: '/publications/$pid', params: { pid } });
    },
    onError: (error) => {
      if (told) notifications.show({ color: 'red', message: error.message });
    },
  });
}
