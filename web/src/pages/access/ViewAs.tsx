import { ActionIcon, Tooltip } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, body } from '@/api/client';

/** See the platform as this person does, for half an hour. */
export function ViewAs({ user, name }: { user: string; name: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const look = useMutation({
    mutationFn: () => body(api.POST('/api/v1/lens/view-as', { body: { user } })),
    onSuccess: async () => {
      await navigate({ to: '/' });
      await queries.resetQueries();
    },
  });
  return (
    <Tooltip label={look.error instanceof Error ? look.error.message : 'Read-only, half an hour, logged'}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`View as ${name}`} loading={look.isPending} onClick={() => look.mutate()}>
        <IconEye size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
