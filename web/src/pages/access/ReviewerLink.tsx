import { ActionIcon, Button, CopyButton, Group, NumberInput, Text, TextInput, Title } from '@mantine/core';
import { IconCheck, IconCopy, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { components } from '@/api/schema';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

type Schemas = components['schemas'];

interface ReviewerLinkProps {
  links: readonly Schemas['LinkOut'][];
  make: (label: string, days: number) => Promise<Schemas['NewLinkOut']>;
  onSettled: () => void;
}

/** Make a link for whoever has its address, see those that work, take them back. */
export function ReviewerLink({ links, make, onSettled }: ReviewerLinkProps) {
  const [label, setLabel] = useState('');
  const [days, setDays] = useState<number | string>(60);
  const create = useMutation({ mutationFn: () => make(label, Number(days)), onSuccess: onSettled });
  const revoke = useMutation({
    mutationFn: (id: number) => body(api.DELETE('/api/v1/links/{link_id}', { params: { path: { link_id: id } } })),
    onSuccess: onSettled,
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
      {links.filter(({ works }) => works).map((one) => (
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
