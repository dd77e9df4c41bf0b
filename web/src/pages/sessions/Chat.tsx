import { Button, ScrollArea, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { ActionFailure, Loaded } from '@/components/states';
import { When } from '@/components/text';

import { messagesQuery, say } from './chat-query';
import classes from './sessions.module.css';

/** Small talk beside a session; plain text, kept as long as the session. `at` is where the session is at the platform. */
export function Chat({ at }: { at: string }) {
  const [text, setText] = useState('');
  const queries = useQueryClient();
  const messages = useQuery(messagesQuery(at));
  const said = useMutation({
    mutationFn: () => say(at, text),
    onSuccess: () => {
      setText('');
      return queries.invalidateQueries({ queryKey: messagesQuery(at).queryKey });
    },
  });
  const view = useRef<HTMLDivElement>(null);
  const last = messages.data?.at(-1)?.id;
  useEffect(() => {
    view.current?.scrollTo({ top: view.current.scrollHeight }); // in a block: newer browsers answer with a promise, which is no clean-up function
  }, [last]);
  const send = () => {
    if (text.trim() !== '' && !said.isPending) said.mutate();
  };
  return (
    <section aria-label="Chat" className={classes.chat}>
      <Title order={3} size="sm" mb={4}>
        Chat
      </Title>
      <Loaded query={messages}>
        {(found) => (
          <ScrollArea.Autosize mah={260} type="auto" viewportRef={view}>
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
        <Button mt={6} size="compact-sm" type="submit" variant="default" disabled={text.trim() === ''} loading={said.isPending}>
          Send
        </Button>
      </form>
      <ActionFailure error={said.error} />
    </section>
  );
}
