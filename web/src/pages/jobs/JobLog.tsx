import { Button, Group, Switch, Text, TextInput } from '@mantine/core';
import { IconDownload, IconSearch } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

import type { JobPageOut } from '@/api/types';
import { isActive } from '@/components/marks';
import { Section } from '@/components/Page';
import { plural } from '@/format';

import { downloadLog } from './downloadLog';
import classes from './jobs.module.css';
import { useLog } from './useLog';

/** The log: follows while running, can be searched and downloaded. */
export function JobLog({ job }: { job: JobPageOut }) {
  const running = isActive(job.state);
  const { text, cut, error, loaded } = useLog(job.id, running);
  const download = useMutation({ mutationFn: () => downloadLog(job.id) });
  const [follow, setFollow] = useState(true);
  const [wanted, setWanted] = useState('');
  const box = useRef<HTMLPreElement>(null);
  const found = useMemo(() => marked(text, wanted), [text, wanted]);
  useEffect(() => {
    if (follow && !wanted) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [text, follow, wanted]);
  useEffect(() => {
    if (wanted) box.current?.querySelector('mark')?.scrollIntoView({ block: 'nearest' });
  }, [wanted]);
  return (
    <Section
      title="Log"
      aside={
        <Group gap="sm">
          {running && <Switch size="xs" label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />}
          <TextInput
            size="xs"
            w={170}
            aria-label="Search in the log"
            placeholder="Search"
            leftSection={<IconSearch size={14} />}
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <Button variant="default" size="xs" leftSection={<IconDownload size={14} />} loading={download.isPending} onClick={() => download.mutate()}>
            Download
          </Button>
        </Group>
      }
    >
      {wanted && (
        <Text size="xs" c="dimmed" mb={4} aria-live="polite">
          {found.count === 0 ? 'Not found' : plural(found.count, 'place')}
        </Text>
      )}
      {(error ?? download.error) && (
        <Text size="sm" c="red" mb={4} role="alert">
          {(error ?? download.error)?.message}
        </Text>
      )}
      {/* A scrolling region must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre ref={box} className={classes.log} tabIndex={0} aria-label="Log of the job">
        {cut && 'The beginning is left out here; download the log for all of it.\n'}
        {text === '' ? emptyText(loaded, running) : found.parts}
      </pre>
    </Section>
  );
}

function emptyText(loaded: boolean, running: boolean): string {
  if (!loaded) return 'Reading the log …';
  return running ? 'Nothing has been written yet.' : 'The job wrote nothing.';
}

/** The text with all places of `wanted` marked, capital letters or not. */
function marked(text: string, wanted: string): { parts: ReactNode; count: number } {
  if (!wanted) return { parts: text, count: 0 };
  const pieces = text.split(new RegExp(`(${wanted.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')})`, 'giu'));
  return {
    parts: pieces.map((piece, index) => (index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece)),
    count: (pieces.length - 1) / 2,
  };
}
