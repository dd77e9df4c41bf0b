import { Button, Modal, NumberInput, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { IconClockPlus } from '@tabler/icons-react';
import { useState } from 'react';

import type { WorkSessionOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { useAskForTime, useExtend } from './actions';

const HOURS = 4;

/** One click within the rules; beyond them a request to staff. */
export function MoreTime({ session }: { session: WorkSessionOut }) {
  const extend = useExtend(session.id);
  const [asks, setAsks] = useState(false);
  const ask = useAskForTime(session.id);
  if (session.stop_at) return null;
  const atEnd = session.expires !== null && session.latest_end !== null && Date.parse(session.expires) >= Date.parse(session.latest_end);
  if (!atEnd) {
    return (
      <Tooltip label={`Gives it ${HOURS} more hours, within what this facility allows`}>
        <Button size="compact-sm" variant="default" leftSection={<IconClockPlus size={14} />} loading={extend.isPending} onClick={() => extend.mutate(HOURS)}>
          Extend
        </Button>
      </Tooltip>
    );
  }
  if (!session.is_owner) return null;
  if (session.asked?.granted === null) {
    return (
      <Text size="xs" c="dimmed" role="status">
        Asked staff for {session.asked.hours} h more
      </Text>
    );
  }
  return (
    <>
      <Button size="compact-sm" variant="default" leftSection={<IconClockPlus size={14} />} onClick={() => setAsks(true)}>
        Ask for more time …
      </Button>
      <Modal opened={asks} onClose={() => setAsks(false)} title="Ask staff for more time" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Form busy={ask.isPending} onSend={(asked) => ask.mutate(asked, { onSuccess: () => setAsks(false) })} />
        {session.asked?.granted === false && (
          <Text size="sm" mt="sm">
            You have asked before; the answer was no. {session.asked.answer}
          </Text>
        )}
        <ActionFailure error={ask.error} />
      </Modal>
    </>
  );
}

function Form({ busy, onSend }: { busy: boolean; onSend: (asked: { hours: number; reason: string }) => void }) {
  const [hours, setHours] = useState<string | number>(24);
  const [reason, setReason] = useState('');
  return (
    <Stack gap="sm">
      <Text size="sm">This session has all the time that the rules give. Staff may give more; hibernated and resumed it gets its whole time again.</Text>
      <NumberInput label="Hours more" min={1} max={8760} value={hours} onChange={setHours} />
      <Textarea label="Why?" description="Staff read this." autosize minRows={2} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Button disabled={reason.trim() === '' || Number(hours) <= 0} loading={busy} onClick={() => onSend({ hours: Number(hours), reason })}>
        Ask
      </Button>
    </Stack>
  );
}
