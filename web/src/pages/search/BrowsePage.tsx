import { ActionIcon, Loader, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { searchQuery, type HitsQuery } from '@/api/queries';
import { DatasetLine } from '@/components/datasets';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { count } from '@/format';

import classes from './search.module.css';

const LEVELS = ['facility', 'instrument', 'proposal'] as const;
const SHOWN = 20;

/** Facility → instrument → proposal → dataset, each with the datasets in it that one may see. */
export function BrowsePage() {
  return (
    <Page title="Browse" width="normal" description="From the facility to the dataset. Numbers are of what you may see.">
      <Level at={{}} depth={0} />
    </Page>
  );
}

function Level({ at, depth }: { at: HitsQuery; depth: number }) {
  const level = LEVELS[depth];
  const { data } = useQuery({ ...searchQuery({ ...at, sort: 'newest', limit: level ? 1 : SHOWN }), placeholderData: undefined });
  if (!data) return <Loader size="xs" aria-label="Loading" />;
  if (!level) {
    return (
      <ul className={classes.shelf}>
        {data.results.map((card) => (
          <li key={card.pid}>
            <DatasetLine card={card} />
          </li>
        ))}
        {data.total > SHOWN && (
          <li>
            <Link to="/search" search={at}>
              All {count(data.total)}
            </Link>
          </li>
        )}
      </ul>
    );
  }
  const values = data.facets[level] ?? [];
  if (values.length === 0) {
    return data.total > 0 && depth < LEVELS.length ? <Level at={at} depth={depth + 1} /> : <Text size="sm" c="dimmed">Nothing that you may see.</Text>;
  }
  return (
    <ul className={classes.shelf}>
      {values.map(({ value, label, count: number }) => (
        <Shelf key={value} label={label} number={number} at={{ ...at, [level]: [value] }} depth={depth + 1} />
      ))}
    </ul>
  );
}

function Shelf({ label, number, at, depth }: { label: string; number: number; at: HitsQuery; depth: number }) {
  const [open, turn] = useState(false);
  return (
    <li>
      <div className={classes.branch}>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-expanded={open} aria-label={`${open ? 'Close' : 'Open'} ${label}`} onClick={() => turn(!open)}>
          {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
        </ActionIcon>
        <Link to="/search" search={at} c="inherit">
          {label}
        </Link>
        <span className={classes.count}>{count(number)}</span>
      </div>
      {open && <Level at={at} depth={depth} />}
    </li>
  );
}
