import { Button, Group, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';

import { sent, type Picture } from '@/components/help/picture';
import { Pictures } from '@/components/help/Pictures';
import { useChange, type HelpThread } from '@/components/help/queries';
import { ActionFailure } from '@/components/states';

/** Writing to a request; staff say whether it is an answer or a question. */
export function Reply({ request }: { request: HelpThread }) {
  const change = useChange(request.id);
  const [text, setText] = useState('');
  const [pictures, setPictures] = useState<Picture[]>([]);
  const send = async (state: 'answered' | 'waiting') => {
    await change.mutateAsync({ do: 'reply', text, state, pictures: await sent(pictures) }).then(
      () => {
        setText('');
        setPictures([]);
      },
      () => undefined, // shown below
    );
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send('answered');
      }}
    >
      <Stack gap="xs">
        <Textarea label={request.may_help ? 'Your answer' : 'Your message'} description="Markdown works." autosize minRows={3} maxRows={16} maxLength={20_000} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Pictures pictures={pictures} onChange={setPictures} />
        <ActionFailure error={change.error} />
        <Group justify="flex-end" gap="xs">
          {request.may_help && (
            <Button variant="default" disabled={!text.trim()} loading={change.isPending} onClick={() => void send('waiting')}>
              Ask back
            </Button>
          )}
          <Button type="submit" disabled={!text.trim()} loading={change.isPending}>
            {request.may_help ? 'Answer' : 'Send'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
