import { ActionIcon, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { PersonSelect } from '@/components/PersonSelect';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

import { linksQuery, sharesQuery } from './queries';
import { ReviewerLink } from './ReviewerLink';

interface ShareProps {
  /** The first of them is the one whose shares are listed. */
  datasets: readonly [string, ...string[]];
  title: string;
  opened: boolean;
  onClose: () => void;
}

/** Open datasets to a person, or to whoever has a link; for those who manage them. */
export function Share({ datasets, title, opened, onClose }: ShareProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Share ${title}`} size="lg">
      <Stack gap="xl">
        <WithPerson datasets={datasets} />
        <ByLink datasets={datasets} />
      </Stack>
    </Modal>
  );
}

function WithPerson({ datasets }: Pick<ShareProps, 'datasets'>) {
  const [pid] = datasets;
  const queries = useQueryClient();
  const shares = useQuery(sharesQuery(pid));
  const [until, setUntil] = useState('');
  const settled = () => queries.invalidateQueries({ queryKey: ['dataset', pid] });
  const share = useMutation({
    mutationFn: (user: string) => body(api.POST('/api/v1/shares', { body: { datasets: [...datasets], user, until: until ? `${until}T00:00:00Z` : null } })),
    onSuccess: settled,
  });
  const remove = useMutation({
    mutationFn: (user: string) => body(api.DELETE('/api/v1/datasets/{pid}/shares/{user}', { params: { path: { pid, user } } })),
    onSuccess: settled,
  });
  return (
    <section aria-label="With a person">
      <Title order={3} mb={4}>With a person</Title>
      <Text size="sm" c="dimmed" mb="xs">She may see, download and analyse it, until you take it back.</Text>
      <Group align="flex-end" gap="sm">
        <PersonSelect label="Person" onPick={(user) => share.mutate(user)} style={{ flex: 1 }} />
        <TextInput label="Until (optional)" type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
      </Group>
      <ActionFailure error={share.error ?? remove.error} />
      {(shares.data ?? []).map((one) => (
        <Group key={one.user} gap="xs" mt={6} wrap="nowrap">
          <Text size="sm" style={{ flex: 1 }}>
            {one.name}
            {one.until && <>, until <When at={one.until} /></>}
          </Text>
          <ActionIcon variant="subtle" color="gray" aria-label={`Stop sharing with ${one.name}`} onClick={() => remove.mutate(one.user)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </section>
  );
}

function ByLink({ datasets }: Pick<ShareProps, 'datasets'>) {
  const [pid] = datasets;
  const queries = useQueryClient();
  const links = useQuery(linksQuery(pid));
  return (
    <ReviewerLink
      links={links.data ?? []}
      make={(label, days) => body(api.POST('/api/v1/links', { body: { datasets: [...datasets], label, days } }))}
      onSettled={() => void queries.invalidateQueries({ queryKey: ['dataset', pid] })}
    />
  );
}
