import { Button, Stack, Text, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import type { WorkSessionOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { useAsk } from './letting';

/** For staff: ask the session's person to be let in; `then` says how it goes on. */
export function AskToJoin({ session, then }: { session: Pick<WorkSessionOut, 'id' | 'person'>; then: ReactNode }) {
  const [reason, setReason] = useState('');
  const ask = useAsk(session.id);
  if (ask.isSuccess) return (
      <Text role="status">
        {session.person} sees your request now. {then}
      </Text>
    );
  return (
    <Stack gap="xs" maw={480}>
      <Textarea label={`Why do you want to join? ${session.person} reads this.`} maxLength={500} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Button disabled={reason.trim() === ''} loading={ask.isPending} onClick={() => ask.mutate(reason)}>
        Ask to watch
      </Button>
      <ActionFailure error={ask.error} />
    </Stack>
  );
}
