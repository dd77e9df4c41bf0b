import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { ActionFailure } from '@/components/states';

/** The principal investigator asks for another release date; the staff decides. */
export function AskRelease({ proposal, dataset }: { proposal: string; dataset?: string }) {
  const [opened, { open, close }] = useDisclosure(false);
  const [date, setDate] = useState('');
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      body(api.POST('/api/v1/release-requests', { body: { proposal, dataset: dataset ?? null, release_time: `${date}T00:00:00Z`, reason } })),
    onSuccess: () => {
      close();
      return queries.invalidateQueries({ queryKey: ['requests'] });
    },
  });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={open}>
        Ask for another release date
      </Button>
      <Modal opened={opened} onClose={close} title="Ask for another release date">
        <Stack>
          <TextInput label="Release on" type="date" value={date} onChange={(event) => setDate(event.currentTarget.value)} />
          <Textarea label="Why" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} description="The instrument's staff reads this and decides." />
          <ActionFailure error={ask.error} />
          <Group justify="flex-end">
            <Button disabled={!date || !reason.trim()} loading={ask.isPending} onClick={() => ask.mutate()}>
              Ask
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
