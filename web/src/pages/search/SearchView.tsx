import { Box, Button, Group, Pagination, SegmentedControl, Select, Text } from '@mantine/core';
import { useListState } from '@mantine/hooks';
import { IconChartDots3, IconLayoutGrid, IconList } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';

import { searchQuery, type HitsQuery } from '@/api/queries';
import type { DatasetCard, SearchOut } from '@/api/types';
import { SORTS, type SearchAddress } from '@/app/router';
import { usePerson } from '@/app/session';
import { DatasetRows, DatasetTiles, type Selection } from '@/components/datasets';
import { LinkButton } from '@/components/links';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { count, plural } from '@/format';
import { AddToCollection } from '@/pages/saved/AddToCollection';

import { CardPlot } from './CardPlot';
import { Calendar } from './Calendar';
import { Facets, type FacetName } from './Facets';
import { Ranges } from './Ranges';
import { TechniqueTree } from './TechniqueTree';
import { Tools } from './Tools';
import classes from './search.module.css';
import { Understood } from './Understood';

const PAGE = 50;

const SORT_WORDS: Record<(typeof SORTS)[number], string> = {
  relevance: 'Best match',
  newest: 'Newest first',
  oldest: 'Oldest first',
  title: 'Title',
  size: 'Largest first',
};

interface SearchViewProps {
  address: SearchAddress;
  hidden?: readonly FacetName[];
  /** What is said where there is nothing although nothing was asked. */
  empty: { title: string; text: string };
  onChange: (change: Partial<SearchAddress>) => void;
}

/** Facets, results and what was understood, for one address. */
export function SearchView({ address, hidden = [], empty, onChange }: SearchViewProps) {
  const page = address.page ?? 1;
  const query = useQuery(searchQuery(askFor(address, page)));
  const [chosen, choose] = useListState<string>([]);
  const signedIn = usePerson() !== null;
  const total = query.data?.total;
  const hits = hitsOf(address);
  const ask = (q: string) => onChange({ q: q || undefined, page: undefined });
  useEffect(() => choose.setState([]), [address.q]); // eslint-disable-line react-hooks/exhaustive-deps -- a new question starts a new choice
  const selection: Selection = {
    has: (pid) => chosen.includes(pid),
    toggle: (pid) => (chosen.includes(pid) ? choose.filter((item) => item !== pid) : choose.append(pid)),
  };
  return (
    <div className={classes.layout}>
      <aside className={classes.facets} aria-label="Narrow down">
        <Facets
          found={query.data?.facets}
          address={address}
          hidden={hidden}
          onChange={(change) => onChange({ ...change, page: undefined })}
          techniques={
            <TechniqueTree
              hits={hits}
              chosen={address.technique ?? []}
              onChange={(values) => onChange({ technique: values.length > 0 ? values : undefined, page: undefined })}
            />
          }
        >
          {query.data && (
            <>
              <Calendar hits={hits} understood={query.data.understood} onQuery={ask} />
              <Ranges hits={hits} understood={query.data.understood} onQuery={ask} />
            </>
          )}
        </Facets>
      </aside>
      <Box miw={0}>
        {query.data && <Understood terms={query.data.understood} q={address.q ?? ''} onChange={(q) => onChange({ q: q || undefined, page: undefined })} />}
        <Group justify="space-between" mb="xs" gap="xs" mih={34}>
          <Text size="sm" c="dimmed" aria-live="polite">
            {total === undefined ? 'Searching …' : <Total total={total} tookMs={query.data?.took_ms ?? 0} />}
          </Text>
          <Group gap="xs">
            <Tools hits={hits} columns={address.column ?? []} signedIn={signedIn} onColumns={(column) => onChange({ column: column.length > 0 ? column : undefined })} />
            <Select
              aria-label="Order"
              size="xs"
              w={140}
              allowDeselect={false}
              data={SORTS.map((value) => ({ value, label: SORT_WORDS[value] }))}
              value={address.sort ?? 'relevance'}
              onChange={(value) => onChange({ sort: SORTS.find((sort) => sort === value), page: undefined })}
            />
            <SegmentedControl
              aria-label="Show as"
              size="xs"
              value={address.view ?? 'rows'}
              onChange={(value) => onChange({ view: value === 'tiles' ? 'tiles' : undefined })}
              data={[
                { value: 'rows', label: <IconList size={16} aria-label="Rows" role="img" /> },
                { value: 'tiles', label: <IconLayoutGrid size={16} aria-label="Pictures" role="img" /> },
              ]}
            />
          </Group>
        </Group>
        <div data-dim={query.isPlaceholderData || undefined} aria-busy={query.isPlaceholderData} className={classes.found}>
          <Loaded query={query} skeleton={<SkeletonRows rows={10} height={52} />}>
            {(found) =>
              found.total === 0 ? (
                <NothingFound found={found} address={address} hidden={hidden} empty={empty} onChange={onChange} />
              ) : (
                <Hits datasets={found.results} tiles={address.view === 'tiles'} columns={address.column} selection={signedIn ? selection : undefined} />
              )
            }
          </Loaded>
        </div>
        {total !== undefined && total > PAGE && (
          <Group justify="center" mt="md">
            <Pagination
              size="sm"
              total={Math.ceil(total / PAGE)}
              value={page}
              onChange={(value) => onChange({ page: value === 1 ? undefined : value })}
              getControlProps={(control) => ({ 'aria-label': `${control} page` })}
            />
          </Group>
        )}
        {chosen.length > 0 && <SelectionBar chosen={chosen} onClear={() => choose.setState([])} />}
      </Box>
    </div>
  );
}

function askFor(address: SearchAddress, page: number) {
  const { sort, column } = address;
  return { ...hitsOf(address), ...(sort && { sort }), ...(column && { column }), limit: PAGE, offset: (page - 1) * PAGE };
}

/** What says which datasets are hits. */
function hitsOf({ q, facility, instrument, technique, proposal, year, kind }: SearchAddress): HitsQuery {
  return {
    ...(q && { q }),
    ...(facility && { facility }),
    ...(instrument && { instrument }),
    ...(technique && { technique }),
    ...(proposal && { proposal }),
    ...(year && { year }),
    ...(kind && { kind }),
  };
}

function Total({ total, tookMs }: { total: number; tookMs: number }) {
  return (
    <>
      {plural(total, 'dataset')} <span title="Time the search took on the server">in {tookMs < 1 ? '<1' : count(Math.round(tookMs))} ms</span>
    </>
  );
}

interface HitsProps {
  datasets: DatasetCard[];
  tiles: boolean;
  columns: string[] | undefined;
  selection: Selection | undefined;
}

function Hits({ datasets, tiles, columns, selection }: HitsProps) {
  return tiles ? <DatasetTiles datasets={datasets} selection={selection} picture={(card, height) => <CardPlot card={card} height={height} />} /> : <DatasetRows datasets={datasets} columns={columns} selection={selection} />;
}

interface NothingProps {
  found: SearchOut;
  address: SearchAddress;
  hidden: readonly FacetName[];
  empty: { title: string; text: string };
  onChange: (change: Partial<SearchAddress>) => void;
}

function NothingFound({ found, address, hidden, empty, onChange }: NothingProps) {
  const narrowed = (['facility', 'instrument', 'technique', 'proposal', 'year', 'kind'] as const).filter((name) => address[name] && !hidden.includes(name));
  if (!address.q && narrowed.length === 0) return <Empty title={empty.title}>{empty.text}</Empty>;
  const drop = found.understood.find(({ text }) => text !== '' && found.suggestion?.includes(text))?.text;
  return (
    <Empty
      title="Nothing matches all of this"
      actions={
        <>
          {drop && (
            <Button onClick={() => onChange({ q: (address.q ?? '').replace(drop, '').replace(/\s+/gu, ' ').trim() || undefined, page: undefined })}>
              Search without “{drop}”
            </Button>
          )}
          {narrowed.length > 0 && (
            <Button variant="default" onClick={() => onChange({ ...Object.fromEntries(narrowed.map((name) => [name, undefined])), page: undefined })}>
              Remove all filters
            </Button>
          )}
        </>
      }
    >
      {found.suggestion ?? 'Use fewer or shorter words. Data of teams you are not in are never shown.'}
    </Empty>
  );
}

function SelectionBar({ chosen, onClear }: { chosen: readonly string[]; onClear: () => void }) {
  return (
    <div className={classes.bar} role="region" aria-label="Chosen datasets">
      <Text size="sm" aria-live="polite">
        {plural(chosen.length, 'dataset')} chosen
      </Text>
      <Group gap="xs">
        <Button variant="default" size="xs" onClick={onClear}>
          Clear
        </Button>
        <AddToCollection pids={chosen} onDone={onClear} />
        <LinkButton to="/analyse" search={{ dataset: [...chosen] }} size="xs" leftSection={<IconChartDots3 size={16} />}>
          Analyse selection
        </LinkButton>
      </Group>
    </div>
  );
}
