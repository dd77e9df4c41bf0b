import { Button, Group, Paper, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { TimeRequestOut } from '@/api/types';
import { Link } from '@/components/links';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

import { timeRequestsQuery } from './queries';

/** For staff: who asks for more time than the rules give. Nothing where nobody does. */
export function TimeRequests() {
  const { data } = useQuery(timeRequestsQuery);
  if (!data || data.length === 0) return null;
  return (
    <section aria-label="Requests for more time">
      <Title order={2} size="h4" mb="xs">
        Requests for more time
      </Title>
      {data.map((one) => (
        <Request key={one.id} request={one} />
      ))}
    </section>
  );
}

function Request({ request }: { request: TimeRequestOut }) {
  const queries = useQueryClient();
  const [answer, setAnswer] = useState('');
  const decide = useMutation({
    mutationFn: (grant: boolean) => body(api.PUT('/api/v1/session-time-requests/{request_id}', { params: { path: { request_id: request.id } }, body: { grant, answer } })),
    onSuccess: (left) => {
      queries.setQueryData(timeRequestsQuery.queryKey, left);
      void queries.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <Paper withBorder p="sm" mb="sm">
      <Text size="sm">
        {request.person} asks for <b>{request.hours} hours</b> more for{' '}
        <Link to="/sessions/$id" params={{ id: request.session }} inherit>
          {request.title}
        </Link>
        , which ends <When at={request.expires} />.
      </Text>
      <Text size="sm" my={4}>
        “{request.reason}”
      </Text>
      <Group gap="xs" align="flex-end">
        <TextInput size="xs" label="Words with the answer" style={{ flex: 1, maxWidth: 420 }} maxLength={500} value={answer} onChange={(event) => setAnswer(event.currentTarget.value)} />
        <Button size="xs" loading={decide.isPending} onClick={() => decide.mutate(true)}>
          Give the time
        </Button>
        <Button size="xs" variant="default" loading={decide.isPending} onClick={() => decide.mutate(false)}>
          Refuse
        </Button>
      </Group>
      <ActionFailure error={decide.error} />
    </Paper>
  );
}
