import { Button, ScrollArea, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { api, body } from '@/api/client';
import { ActionFailure, Loaded } from '@/components/states';
import { When } from '@/components/text';

import classes from './sessions.module.css';

const VISIT = '/api/v1/visit';

/** Small talk beside a session; plain text, kept as long as the session. `at` is where the session is at the platform. */
export function Chat({ at }: { at: string }) {
  const [text, setText] = useState('');
  const path = { params: { path: { session_id: at.split('/').pop() ?? '' } } };
  const messages = useQuery({
    queryKey: ['session-messages', at],
    queryFn: ({ signal }) => body(at === VISIT ? api.GET('/api/v1/visit/messages', { signal }) : api.GET('/api/v1/sessions/{session_id}/messages', { ...path, signal })),
  });
  const say = useMutation({
    mutationFn: () => body(at === VISIT ? api.POST('/api/v1/visit/messages', { body: { text } }) : api.POST('/api/v1/sessions/{session_id}/messages', { ...path, body: { text } })),
    onSuccess: () => setText(''),
  });
  const end = useRef<HTMLDivElement>(null);
  const last = messages.data?.at(-1)?.id;
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [last]);
  const send = () => {
    if (text.trim() !== '' && !say.isPending) say.mutate();
  };
  return (
    <section aria-label="Chat" className={classes.chat}>
      <Title order={3} size="sm" mb={4}>
        Chat
      </Title>
      <Loaded query={messages}>
        {(found) => (
          <ScrollArea.Autosize mah={260} type="auto">
            <Stack gap={6} role="log" aria-live="polite">
              {found.length === 0 && (
                <Text size="xs" c="dimmed">
                  Nothing was said yet. Those who are in the session read it.
                </Text>
              )}
              {found.map((one) => (
                <div key={one.id}>
                  <Text size="xs" c="dimmed">
                    {one.name}, <When at={one.time} />
                  </Text>
                  <Text size="sm" className={classes.said}>
                    {one.text}
                  </Text>
                </div>
              ))}
              <div ref={end} />
            </Stack>
          </ScrollArea.Autosize>
        )}
      </Loaded>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Textarea
          mt={6}
          size="xs"
          aria-label="Message"
          placeholder="Enter sends, Shift+Enter begins a line"
          autosize
          maxRows={5}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <Button mt={6} size="compact-sm" type="submit" variant="default" disabled={text.trim() === ''} loading={say.isPending}>
          Send
        </Button>
      </form>
      <ActionFailure error={say.error} />
    </section>
  );
}
