import { Button, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { usePerson } from '@/app/session';
import { ActionFailure } from '@/components/states';

/** Ask for access to what one can't read; says the same whether or not there is such a thing. */
export function AskAccess({ dataset, proposal }: { dataset?: string; proposal?: string }) {
  const person = usePerson();
  const [reason, setReason] = useState('');
  const ask = useMutation({
    mutationFn: () => body(api.POST('/api/v1/access-requests', { body: { dataset: dataset ?? null, proposal: proposal ?? null, reason } })),
  });
  if (!person) return null;
  if (ask.isSuccess) {
    return (
      <Text role="status" maw={560} mx="auto" my="md">
        If there is such data, its team has been asked. You will be told of the answer; your requests are under Requests.
      </Text>
    );
  }
  return (
    <Stack gap="xs" maw={560} mx="auto" my="md">
      <Textarea label="Ask the team for access" placeholder="Why you need it, in a sentence" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <ActionFailure error={ask.error} />
      <div>
        <Button disabled={!reason.trim()} loading={ask.isPending} onClick={() => ask.mutate()}>
          Request access
        </Button>
      </div>
    </Stack>
  );
}
