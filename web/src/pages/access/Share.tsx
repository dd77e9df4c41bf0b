import { ActionIcon, Button, CopyButton, Group, Modal, NumberInput, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCheck, IconCopy, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { peopleQuery } from '@/api/queries';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

import { linksQuery, sharesQuery } from './queries';

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
  const [text, setText] = useState('');
  const [until, setUntil] = useState('');
  const [query] = useDebouncedValue(text.trim(), 200);
  const people = useQuery(peopleQuery(query)).data ?? [];
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
        <Select
          label="Person"
          placeholder="Name or user name"
          searchable
          searchValue={text}
          onSearchChange={setText}
          filter={({ options }) => options}
          data={people.map(({ user, name, affiliation }) => ({ value: user, label: affiliation ? `${name}, ${affiliation}` : name }))}
          value={null}
          nothingFoundMessage={query.length < 2 ? 'Enter two letters' : 'Nobody has this name'}
          onChange={(user) => {
            if (user) share.mutate(user);
            setText('');
          }}
          style={{ flex: 1 }}
        />
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
  const [label, setLabel] = useState('');
  const [days, setDays] = useState<number | string>(60);
  const settled = () => queries.invalidateQueries({ queryKey: ['dataset', pid] });
  const create = useMutation({
    mutationFn: () => body(api.POST('/api/v1/links', { body: { datasets: [...datasets], label, days: Number(days) } })),
    onSuccess: settled,
  });
  const revoke = useMutation({
    mutationFn: (id: number) => body(api.DELETE('/api/v1/links/{link_id}', { params: { path: { link_id: id } } })),
    onSuccess: settled,
  });
  const address = create.data && `${window.location.origin}${create.data.path}`;
  return (
    <section aria-label="Reviewer's link">
      <Title order={3} mb={4}>Reviewer&apos;s link</Title>
      <Text size="sm" c="dimmed" mb="xs">Whoever has the address looks at it and downloads it, without an account. Each visit is noted.</Text>
      <Group align="flex-end" gap="sm">
        <TextInput label="For whom" placeholder="Referee of paper 17" value={label} onChange={(event) => setLabel(event.currentTarget.value)} style={{ flex: 1 }} />
        <NumberInput label="Days" min={1} max={730} value={days} onChange={setDays} w={90} />
        <Button disabled={!label.trim()} loading={create.isPending} onClick={() => create.mutate()}>
          Make a link
        </Button>
      </Group>
      <ActionFailure error={create.error ?? revoke.error} />
      {address && (
        <Group gap="xs" mt="sm" wrap="nowrap">
          <TextInput aria-label="Address for the reviewer" readOnly value={address} style={{ flex: 1 }} description="It is shown only now." />
          <CopyButton value={address}>
            {({ copied, copy }) => (
              <ActionIcon variant="default" size={36} aria-label="Copy the address" onClick={copy}>
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            )}
          </CopyButton>
        </Group>
      )}
      {(links.data ?? []).filter(({ works }) => works).map((one) => (
        <Group key={one.id} gap="xs" mt={6} wrap="nowrap">
          <Text size="sm" style={{ flex: 1 }}>
            {one.label}, until <When at={one.expires} />, opened {one.uses} {one.uses === 1 ? 'time' : 'times'}
          </Text>
          <ActionIcon variant="subtle" color="gray" aria-label={`Take back the link for ${one.label}`} onClick={() => revoke.mutate(one.id)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </section>
  );
}
