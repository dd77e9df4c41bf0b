/** Picks what to compare with: another array of this dataset, or a dataset that the person may see. */

import { ActionIcon, Modal, NavLink, Stack, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconGitCompare } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { baseName } from '../core/format';
import type { ViewerState, Visualisation } from '../core/state';
import { sourceFromRecord } from '../data/plotContext';
import { describeError, requestJson } from '../data/requests';
import type { ArraySource, DatasetOut } from '../data/types';
import { isPlainFile } from '../figure/captions';
import { whyNotBeside, whyNotOverlaid } from './fits';
import { recordQuery } from './usePartner';
import styles from './compare.module.css';

interface ComparePickerProps {
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly active: Visualisation;
  readonly comparing: boolean;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
}

interface Candidate {
  readonly pid: string;
  readonly title: string;
}

const MOST = 20;
const WAIT_MS = 250;

export function ComparePicker(props: ComparePickerProps) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Tooltip label="Compare with …" openDelay={400}>
        <ActionIcon variant={props.comparing ? 'light' : 'subtle'} {...(!props.comparing && { color: 'gray' })} aria-label="Compare with another array or dataset" aria-pressed={props.comparing} onClick={() => setOpened(true)}>
          <IconGitCompare size={18} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Compare with" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
        {opened && <Choices {...props} onDone={() => setOpened(false)} />}
      </Modal>
    </>
  );
}

function Choices({ dataset, source, active, onStateChange, onDone }: ComparePickerProps & { onDone: () => void }) {
  const [words, setWords] = useState('');
  const [asked] = useDebouncedValue(words, WAIT_MS);
  const [chosen, setChosen] = useState<Candidate | null>(null);
  const found = useQuery({
    queryKey: ['viewer', 'candidates', dataset.pid, asked],
    queryFn: ({ signal }) => (isPlainFile(dataset) ? filesBeside(dataset, asked, signal) : datasetsOf(dataset, asked, signal)),
  });
  const take = (pid: string | null, path: string) => {
    onStateChange({ against: pid ?? undefined, againstPath: path, zoom: undefined });
    onDone();
  };
  if (chosen) return <Arrays record={chosen} source={source} active={active} onTake={(path) => take(chosen.pid, path)} />;
  return (
    <Stack gap="xs">
      <Own dataset={dataset} source={source} active={active} onTake={(path) => take(null, path)} />
      <Title order={6}>{isPlainFile(dataset) ? 'Files beside this one' : 'Other datasets'}</Title>
      <TextInput size="xs" aria-label="Filter" placeholder={isPlainFile(dataset) ? 'Filter files' : 'Search datasets'} value={words} onChange={(event) => setWords(event.currentTarget.value)} data-autofocus />
      <div className={styles.list} aria-busy={found.isFetching}>
        {found.error && <Text size="sm">{describeError(found.error).what}</Text>}
        {found.data?.length === 0 && <Text size="sm" c="dimmed">Nothing found.</Text>}
        {found.data?.map((candidate) => (
          <NavLink key={candidate.pid} component="button" type="button" label={<bdi>{candidate.title}</bdi>} description={candidate.pid} onClick={() => setChosen(candidate)} />
        ))}
      </div>
    </Stack>
  );
}

function Own({ dataset, source, active, onTake }: { dataset: DatasetOut; source: ArraySource; active: Visualisation; onTake: (path: string) => void }) {
  const others = dataset.arrays.filter(({ path }) => path !== source.path);
  if (others.length === 0) return null;
  return (
    <>
      <Title order={6}>Arrays of this dataset</Title>
      <ArrayList dataset={dataset} paths={others.map(({ path }) => path)} source={source} active={active} onTake={onTake} />
    </>
  );
}

/** The arrays of a chosen dataset; those that don't suit say why. */
function Arrays({ record, source, active, onTake }: { record: Candidate; source: ArraySource; active: Visualisation; onTake: (path: string) => void }) {
  const asked = useQuery(recordQuery(record.pid));
  if (asked.error) return <Text size="sm">{describeError(asked.error).what}</Text>;
  if (!asked.data) return <Text size="sm" c="dimmed" aria-busy="true">Reading {record.title} …</Text>;
  const paths = asked.data.arrays.map(({ path }) => path);
  const sorted = [...paths].sort((a, b) => Number(b === source.path) - Number(a === source.path));
  return (
    <Stack gap="xs">
      <Title order={6}>
        <bdi>{record.title}</bdi>
      </Title>
      {sorted.length === 0 && <Text size="sm" c="dimmed">It has no arrays.</Text>}
      <ArrayList dataset={asked.data} paths={sorted} source={source} active={active} onTake={onTake} />
    </Stack>
  );
}

interface ArrayListProps {
  readonly dataset: DatasetOut;
  readonly paths: readonly string[];
  readonly source: ArraySource;
  readonly active: Visualisation;
  readonly onTake: (path: string) => void;
}

function ArrayList({ dataset, paths, source, active, onTake }: ArrayListProps) {
  return (
    <div className={styles.list}>
      {paths.map((path) => {
        const other = sourceFromRecord(dataset, path);
        const why = other ? (active === 'line' ? whyNotOverlaid(source, other) : whyNotBeside(source, other)) : 'It can’t be read.';
        const shape = other?.shape.join(' × ') ?? '';
        return (
          <NavLink key={path} component="button" type="button" disabled={why !== null} label={<bdi>{path}</bdi>} description={why ?? `${shape}${other?.unit ? ` · ${other.unit}` : ''}`} onClick={() => onTake(path)} />
        );
      })}
    </div>
  );
}

async function datasetsOf(dataset: DatasetOut, words: string, signal: AbortSignal): Promise<Candidate[]> {
  const query = new URLSearchParams({ limit: String(MOST + 1), ...(words ? { q: words } : { proposal: dataset.proposal }) });
  const { results } = await requestJson<{ results: Candidate[] }>(`/api/v1/search?${query.toString()}`, signal);
  return results.filter(({ pid }) => pid !== dataset.pid).slice(0, MOST);
}

interface Entry {
  readonly name: string;
  readonly address: string;
  readonly kind: string;
  readonly problem: string | null;
}

async function filesBeside(dataset: DatasetOut, words: string, signal: AbortSignal): Promise<Candidate[]> {
  const address = dataset.pid.split('/').slice(0, -1).join('/');
  const query = new URLSearchParams({ address, words, order: 'name', offset: '0', limit: '200' });
  const { entries } = await requestJson<{ entries: Entry[] }>(`/api/v1/view/folder?${query.toString()}`, signal);
  return entries
    .filter(({ kind, problem, address: pid }) => kind === 'file' && problem === null && pid !== dataset.pid)
    .map(({ name, address: pid }) => ({ pid, title: baseName(name) }));
}
