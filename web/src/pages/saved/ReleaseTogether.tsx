import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLockOpen } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { CollectionOut } from '@/api/types';
import { ActionFailure } from '@/components/states';
import { plural } from '@/format';

/** Ask the staff to open all of a collection to everyone on one day. */
export function ReleaseTogether({ collection }: { collection: CollectionOut }) {
  const [opened, { open, close }] = useDisclosure(false);
  const [date, setDate] = useState('');
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/collections/{collection_id}/release-requests', {
          params: { path: { collection_id: collection.id } },
          body: { release_time: `${date}T00:00:00Z`, reason },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['requests'] }),
  });
  const done = ask.data;
  return (
    <>
      <Button variant="default" leftSection={<IconLockOpen size={16} />} onClick={open}>
        Release together
      </Button>
      <Modal opened={opened} onClose={close} title={`Release “${collection.name}”`}>
        {done ? (
          <Text size="sm" role="status">
            The staff has been asked to release {plural(done.asked, 'dataset')}.{done.open > 0 && ` ${String(done.open)} are open already.`}
            {done.waiting > 0 && ` For ${String(done.waiting)} a request waits already.`}
          </Text>
        ) : (
          <Stack>
            <Text size="sm">
              All that is in it becomes open to everyone on that day, each under the licence of its proposal, once the staff of its instrument approves. You can ask for what you lead.
            </Text>
            <TextInput label="Release on" type="date" value={date} onChange={(event) => setDate(event.currentTarget.value)} data-autofocus />
            <Textarea label="Why" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
            <ActionFailure error={ask.error} />
            <Group justify="flex-end">
              <Button disabled={!date || !reason.trim()} loading={ask.isPending} onClick={() => ask.mutate()}>
                Ask
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  );
}
