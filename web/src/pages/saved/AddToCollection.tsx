import { Button, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconPlus, IconStack2 } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { collectionsQuery } from '@/api/queries';
import { ActionFailure } from '@/components/states';
import { plural } from '@/format';

interface AddToCollectionProps {
  pids: readonly string[];
  onDone: () => void;
}

/** Puts chosen datasets into one of the person's collections, or a new one. */
export function AddToCollection({ pids, onDone }: AddToCollectionProps) {
  const own = (useQuery(collectionsQuery).data ?? []).filter(({ mine }) => mine);
  const [naming, naming_] = useDisclosure(false);
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const done = (collection: { name: string }) => {
    void queries.invalidateQueries({ queryKey: ['collections'] });
    notifications.show({ message: `${plural(pids.length, 'dataset')} in “${collection.name}”.` });
    naming_.close();
    onDone();
  };
  const add = useMutation({
    mutationFn: (id: number) =>
      body(api.POST('/api/v1/collections/{collection_id}/datasets', { params: { path: { collection_id: id } }, body: { datasets: [...pids] } })),
    onSuccess: done,
  });
  const create = useMutation({
    mutationFn: () => body(api.POST('/api/v1/collections', { body: { name, datasets: [...pids] } })),
    onSuccess: done,
  });
  return (
    <>
      <Menu shadow="md" position="top-end">
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<IconStack2 size={16} />} loading={add.isPending}>
            Add to collection
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {own.map(({ id, name: title }) => (
            <Menu.Item key={id} onClick={() => add.mutate(id)}>
              {title}
            </Menu.Item>
          ))}
          {own.length > 0 && <Menu.Divider />}
          <Menu.Item leftSection={<IconPlus size={14} />} onClick={naming_.open}>
            New collection
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ActionFailure error={add.error} />
      <Modal opened={naming} onClose={naming_.close} title="New collection">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Stack gap="sm">
            <TextInput label="Name" required maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
            <ActionFailure error={create.error} />
            <Group justify="flex-end">
              <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
                Create
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
