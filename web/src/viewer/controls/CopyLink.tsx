/** Copies the address of exactly what is on show. */

import { ActionIcon, Popover, Text, TextInput, Tooltip } from '@mantine/core';
import { IconCheck, IconLink } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { copyText } from '../figure/save';

const SAID_MS = 2500;

/** The page's address with other parameters of the viewer; easy to read. */
export function linkTo(here: string, path: string, before: readonly string[], params: Readonly<Record<string, string>>): string {
  const url = new URL(here);
  for (const key of before) url.searchParams.delete(key);
  url.searchParams.set('path', path);
  for (const [key, value] of Object.entries(params)) url.searchParams.set(key, value);
  url.hash = '';
  return url.toString().replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':');
}

export function CopyLink({ link }: { link: () => string }) {
  const [done, setDone] = useState<'no' | 'copied' | 'shown'>('no');
  const [text, setText] = useState('');
  useEffect(() => {
    if (done !== 'copied') return;
    const timer = setTimeout(() => setDone('no'), SAID_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => {
    const made = link();
    setText(made);
    Promise.resolve()
      .then(() => copyText(made))
      .then(
        () => setDone('copied'),
        // Browsers give no clipboard to pages without TLS.
        () => setDone('shown'),
      );
  };
  return (
    <Popover opened={done === 'shown'} onChange={() => setDone('no')} position="bottom-end" width={360} trapFocus withArrow>
      <Popover.Target>
        <Tooltip label={done === 'copied' ? 'Link copied' : 'Copy a link to exactly this'} openDelay={done === 'copied' ? 0 : 400} {...(done === 'copied' && { opened: true })}>
          <ActionIcon variant="subtle" color={done === 'copied' ? 'green' : 'gray'} aria-label="Copy link" onClick={copy}>
            {done === 'copied' ? <IconCheck size={18} /> : <IconLink size={18} />}
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" mb={4}>
          This browser gives the page no clipboard. Copy the link from here:
        </Text>
        <TextInput size="xs" readOnly aria-label="Link to this view" value={text} onFocus={(event) => event.currentTarget.select()} />
      </Popover.Dropdown>
    </Popover>
  );
}
