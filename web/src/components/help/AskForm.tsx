import { Button, Checkbox, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { instrumentsQuery } from '@/api/queries';
import { Link } from '@/components/links';
import { ActionFailure } from '@/components/states';

import classes from './help.module.css';
import { sent, type Picture } from './picture';
import { Pictures } from './Pictures';
import { sendRequest, type HelpDraft } from './queries';
import { chosen, keysOf } from './sending';

interface AskFormProps {
  draft: HelpDraft;
  capture?: (() => Promise<Picture>) | undefined;
  onSent: (id: string) => void;
}

/** All that will be sent stands here and can be left out; nothing leaves the browser before Send is pressed. */
export function AskForm({ draft, capture, onSent }: AskFormProps) {
  const queries = useQueryClient();
  const [subject, setSubject] = useState('');
  const [text, setText] = useState('');
  const [ticked, setTicked] = useState<ReadonlySet<string>>(() => new Set(keysOf(draft)));
  const [log, setLog] = useState(draft.log ?? '');
  const [pictures, setPictures] = useState<Picture[]>([]);
  const [instrument, setInstrument] = useState(draft.instrument);
  const send = useMutation({
    mutationFn: async () => sendRequest({ ...chosen(draft, ticked, log), subject, text, instrument, pictures: await sent(pictures), people: [] }),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['help-requests'] });
      onSent(id);
    },
  });
  const toggle = (key: string) => {
    const next = new Set(ticked);
    if (!next.delete(key)) next.add(key);
    setTicked(next);
  };
  const tick = (key: string, label: string) => <Checkbox key={key} size="xs" checked={ticked.has(key)} onChange={() => toggle(key)} label={label} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!send.isPending) send.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput label="Subject" required maxLength={200} data-autofocus value={subject} onChange={(event) => setSubject(event.currentTarget.value)} />
        <Textarea
          label="What did you do, what happened, what did you expect?"
          description="Markdown works."
          required
          autosize
          minRows={4}
          maxRows={14}
          maxLength={20_000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <fieldset className={classes.parts}>
          <legend>This goes with it; untick what you don&apos;t want to send</legend>
          {draft.session && tick('session', `The session “${draft.about}”: staff may ask you there to let them watch`)}
          {draft.job && tick('job', `The job “${draft.about}”`)}
          {draft.datasets.map(({ pid, title }) => tick(`dataset ${pid}`, `Dataset: ${title}`))}
          {draft.datasets.length > 0 && (
            <Text size="xs" c="dimmed" pl={26}>
              This opens no data to anybody; who may not see a ticked dataset doesn&apos;t see its name.
            </Text>
          )}
          {draft.facts.map(({ name, value }) => tick(`fact ${name}`, `${name}: ${value}`))}
          {draft.log !== null && (
            <>
              {tick('log', 'The end of the log, as it stands here')}
              {ticked.has('log') && (
                <Textarea className={classes.log ?? ''} aria-label="The end of the log" description="Tokens and passwords are struck out. Change it or take lines out." autosize minRows={3} maxRows={10} maxLength={20_000} value={log} onChange={(event) => setLog(event.currentTarget.value)} />
              )}
            </>
          )}
          <Pictures pictures={pictures} onChange={setPictures} capture={capture} />
        </fieldset>
        {draft.instrument === null && draft.datasets.length === 0 && <Whose value={instrument} onChange={setInstrument} />}
        <Text size="sm">
          <Readers draft={draft} instrument={instrument} />{' '}
          <Link to="/help/$" params={{ _splat: 'how-to/get-help' }} inherit>
            Who reads it
          </Link>
        </Text>
        <ActionFailure error={send.error} />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            Nothing is sent before you press Send.
          </Text>
          <Button type="submit" loading={send.isPending} disabled={!subject.trim() || !text.trim()}>
            Send
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Readers({ draft, instrument }: { draft: HelpDraft; instrument: string | null }) {
  if (instrument === null) return <>It goes to {draft.told.join(', ') || 'the operators'}.</>;
  if (instrument !== draft.instrument) return <>It goes to the staff of {instrument}; operators read it too.</>;
  return <>It goes to {draft.told.join(', ')}. The staff of {instrument} and the operators read it.</>;
}

function Whose({ value, onChange }: { value: string | null; onChange: (instrument: string | null) => void }) {
  const instruments = useQuery(instrumentsQuery).data ?? [];
  return (
    <Select
      label="Whom do you ask?"
      placeholder="The operators of this facility"
      clearable
      searchable
      value={value}
      onChange={onChange}
      data={instruments.map(({ name, title }) => ({ value: name, label: `Staff of ${name}${title && title !== name ? `, ${title}` : ''}` }))}
    />
  );
}
