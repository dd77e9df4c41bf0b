import { Button, Modal, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import { ActionFailure } from '@/components/states';

import { useOrder, type Order } from './orders';

/** What is asked for before an operator says something, stops a session or drains a computer. */
export type Dialog =
  | { kind: 'say'; session?: string; node?: string; name: string }
  | { kind: 'stop'; session: string; name: string }
  | { kind: 'drain'; node: string; name: string; running: number };

const TITLES = { say: 'Message to', stop: 'Stop', drain: 'Drain' } as const;
const BUTTONS = { say: 'Send', stop: 'Stop it', drain: 'Drain it' } as const;
const MINUTES = 15;

export function OrderDialog({ dialog, onClose }: { dialog: Dialog; onClose: () => void }) {
  const { say, stop, drain } = useOrder();
  const [text, setText] = useState('');
  const [minutes, setMinutes] = useState<string | number>(MINUTES);
  const send = () => {
    const done = { onSuccess: onClose };
    const order: Order = { text, minutes: Number(minutes) };
    if (dialog.kind === 'say') say.mutate({ ...dialog, text }, done);
    else if (dialog.kind === 'stop') stop.mutate({ ...order, session: dialog.session }, done);
    else drain.mutate({ ...order, node: dialog.node }, done);
  };
  return (
    <Modal opened onClose={onClose} title={`${TITLES[dialog.kind]} ${dialog.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm">{explained(dialog)}</Text>
        <Textarea
          data-autofocus
          label={dialog.kind === 'say' ? 'Text' : 'Why?'}
          description={dialog.kind === 'say' ? undefined : 'The people concerned read this.'}
          autosize
          minRows={2}
          maxLength={500}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {dialog.kind !== 'say' && <NumberInput label="Minutes until then" min={0} max={10080} value={minutes} onChange={setMinutes} />}
        <Button color={dialog.kind === 'say' ? undefined : 'red'} disabled={text.trim() === '' || minutes === ''} loading={say.isPending || stop.isPending || drain.isPending} onClick={send}>
          {BUTTONS[dialog.kind]}
        </Button>
        <ActionFailure error={say.error ?? stop.error ?? drain.error} />
      </Stack>
    </Modal>
  );
}

function explained(dialog: Dialog): string {
  switch (dialog.kind) {
    case 'say':
      return 'It is shown above the session until its person presses “Understood”, and left as a notice.';
    case 'stop':
      return 'Its person is told at once, in the session, by a notice and by mail. After the time the session hibernates: files are kept, and it can be resumed.';
    case 'drain':
      return `No session starts on it any more. ${dialog.running === 1 ? 'The session that runs there is warned now and hibernates' : `${dialog.running} sessions that run there are warned now and hibernate`} after the time. One click takes it back.`;
  }
}
