import { Text, TextInput, Title } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { helpIndexQuery } from '@/api/queries';
import type { HelpEntry } from '@/api/types';
import { GetHelp } from '@/components/help/GetHelp';
import { LinkPlain } from '@/components/links';
import { Page } from '@/components/Page';
import { Loaded } from '@/components/states';

import classes from './help.module.css';

const SECTIONS: { name: HelpEntry['section']; title: string; text: string }[] = [
  { name: 'tutorials', title: 'Tutorials', text: 'Learn by doing, step by step' },
  { name: 'how-to', title: 'How-to', text: 'Get one thing done' },
  { name: 'reference', title: 'Reference', text: 'Look it up' },
  { name: 'explanation', title: 'Explanation', text: 'Why it is as it is' },
];

export function HelpIndexPage() {
  const query = useQuery(helpIndexQuery);
  const [filter, setFilter] = useState('');
  return (
    <Page title="Help" description="These pages come with the program and need no network. Press Ctrl-K to find a page, dataset or help text by name." actions={<GetHelp about={{}} />}>
      <TextInput aria-label="Filter the help pages" placeholder="Filter" w={280} size="xs" mb="lg" leftSection={<IconFilter size={14} />} value={filter} onChange={(event) => setFilter(event.currentTarget.value)} />
      <Loaded query={query}>
        {(entries) => (
          <>
            {SECTIONS.map(({ name, title, text }) => (
              <HelpSection key={name} title={title} text={text} entries={entries.filter((entry) => entry.section === name && matches(entry, filter))} />
            ))}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function matches({ title, summary }: HelpEntry, filter: string): boolean {
  return `${title} ${summary}`.toLowerCase().includes(filter.toLowerCase().trim());
}

function HelpSection({ title, text, entries }: { title: string; text: string; entries: HelpEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <section aria-label={title} className={classes.section}>
      <Title order={2}>{title}</Title>
      <Text size="sm" c="dimmed" mb="xs">
        {text}
      </Text>
      <div className={classes.entries}>
      {entries.map((entry) => (
        <LinkPlain key={entry.path} to="/help/$" params={{ _splat: entry.path }} className={classes.entry}>
          <Text size="sm" fw={500}>
            {entry.title}
          </Text>
          {entry.summary && (
            <Text size="xs" c="dimmed" lineClamp={2}>
              {entry.summary}
            </Text>
          )}
        </LinkPlain>
      ))}
      </div>
    </section>
  );
}
