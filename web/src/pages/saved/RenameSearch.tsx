import { ActionIcon, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { SavedSearchOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

/** Another name for a kept question; what it asks for stays. */
export function RenameSearch({ saved }: { saved: SavedSearchOut }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <ActionIcon variant="subtle" color="gray" aria-label={`Rename ${saved.name}`} onClick={open}>
        <IconPencil size={16} />
      </ActionIcon>
      <Modal opened={opened} onClose={close} title="Rename the saved search">
        <NameForm saved={saved} onClose={close} />
      </Modal>
    </>
  );
}

function NameForm({ saved, onClose }: { saved: SavedSearchOut; onClose: () => void }) {
  const [name, setName] = useState(saved.name);
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () => body(api.PATCH('/api/v1/saved-searches/{search_id}', { params: { path: { search_id: saved.id } }, body: { name: name.trim() } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['saved-searches'] });
      onClose();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput label="Name" required maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
        <ActionFailure error={rename.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={rename.isPending} disabled={name.trim() === ''}>
            Rename
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
