import { Spotlight, spotlight } from '@mantine/spotlight';
import { useDebouncedValue, useHotkeys } from '@mantine/hooks';
import { IconDatabase, IconFlask, IconHelp, IconSearch } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { helpIndexQuery, recipesQuery, searchQuery } from '@/api/queries';

import { useSession } from '../session';

import { placesOf } from './Rail';

interface Entry {
  id: string;
  label: string;
  detail?: string;
  icon: Icon;
  go: () => void;
}

/** Ctrl-K: pages, datasets, recipes and help by name. */
export function Palette() {
  const [opened, setOpened] = useState(false);
  useHotkeys([['mod+K', () => spotlight.toggle()]], []);
  return (
    <Spotlight.Root
      shortcut={null}
      scrollable
      maxHeight={460}
      onSpotlightOpen={() => setOpened(true)}
      onSpotlightClose={() => setOpened(false)}
      clearQueryOnClose={false}
    >
      {opened && <Contents />}
    </Spotlight.Root>
  );
}

function Contents() {
  const [query, setQuery] = useState('');
  const groups = useEntries(query);
  const found = groups.some(({ entries }) => entries.length > 0);
  return (
    <>
      <Spotlight.Search
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        placeholder="Go to a page, dataset, recipe or help text"
        aria-label="Go to"
        leftSection={<IconSearch size={18} stroke={1.7} />}
      />
      <Spotlight.ActionsList>
        {groups.map(({ title, entries }) =>
          entries.length === 0 ? null : (
            <Spotlight.ActionsGroup key={title} label={title}>
              {entries.map(({ id, label, detail, icon: EntryIcon, go }) => (
                <Spotlight.Action
                  key={id}
                  label={label}
                  {...(detail && { description: detail })}
                  onClick={go}
                  leftSection={<EntryIcon size={18} stroke={1.6} />}
                />
              ))}
            </Spotlight.ActionsGroup>
          ),
        )}
        {!found && <Spotlight.Empty>Nothing has this name. Enter a shorter word.</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </>
  );
}

function useEntries(query: string): { title: string; entries: Entry[] }[] {
  const navigate = useNavigate();
  const session = useSession();
  const [slow] = useDebouncedValue(query.trim(), 150);
  const datasets = useQuery({ ...searchQuery({ q: slow, limit: 6 }), enabled: slow.length > 1 }).data?.results ?? [];
  const recipes = useQuery(recipesQuery).data ?? [];
  const help = useQuery(helpIndexQuery).data ?? [];
  const words = query.toLowerCase().trim();
  const matches = (text: string) => words === '' || text.toLowerCase().includes(words);
  return [
    {
      title: 'Pages',
      entries: placesOf(session)
        .filter(({ label }) => matches(label))
        .map(({ label, to, icon }) => ({ id: to, label, icon, go: () => void navigate({ to }) })),
    },
    {
      title: 'Datasets',
      entries: [
        ...(words === ''
          ? []
          : [{ id: 'search', label: `Search all data for “${query.trim()}”`, icon: IconSearch, go: () => void navigate({ to: '/search', search: { q: query.trim() } }) }]),
        ...datasets.map((card) => ({
          id: card.pid,
          label: card.title,
          detail: [card.proposal, card.sample].filter(Boolean).join(' · '),
          icon: IconDatabase,
          go: () => void navigate({ to: '/datasets/$pid', params: { pid: card.pid } }),
        })),
      ],
    },
    {
      title: 'Recipes',
      entries: recipes
        .filter(({ title, code }) => words !== '' && matches(`${title} ${code}`))
        .slice(0, 6)
        .map(({ id, title, summary }) => ({
          id: `recipe-${id}`,
          label: title,
          detail: summary,
          icon: IconFlask,
          go: () => void navigate({ to: '/recipes', hash: id }),
        })),
    },
    {
      title: 'Help',
      entries: help
        .filter(({ title, summary }) => words !== '' && matches(`${title} ${summary}`))
        .slice(0, 6)
        .map(({ path, title }) => ({
          id: `help-${path}`,
          label: title,
          icon: IconHelp,
          go: () => void navigate({ to: '/help/$', params: { _splat: path } }),
        })),
    },
  ];
}
