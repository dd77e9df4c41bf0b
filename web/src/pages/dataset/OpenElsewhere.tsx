import { ActionIcon, Box, Button, Code, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconKey, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { capabilitiesQuery } from '@/api/queries';
import type { DatasetOut, NewCapabilityOut } from '@/api/types';
import { usePerson } from '@/app/session';
import { ActionFailure } from '@/components/states';
import { CopyText, When } from '@/components/text';

import { programsFor } from './programs';

interface OpenElsewhereProps {
  opened: boolean;
  onClose: () => void;
  dataset: DatasetOut;
  path: string;
}

/** The dataset's Zarr address, with a key where the data aren't open, and how programs open it. */
export function OpenElsewhere({ opened, onClose, dataset, path }: OpenElsewhereProps) {
  const [made, setMade] = useState<NewCapabilityOut | null>(null);
  const origin = window.location.origin;
  const address = dataset.open ? `${origin}/zarr/${dataset.pid}` : made && origin + made.path;
  return (
    <Modal opened={opened} onClose={onClose} title="Open in another program" size="lg">
      <Stack gap="sm">
        <Text size="sm">
          Programs on your computer read this dataset as a Zarr store: only the parts they show travel, compressed as they are stored.
        </Text>
        {!dataset.open && <Key dataset={dataset} made={made} onMade={setMade} />}
        {address !== null && <Snippets address={address} dataset={dataset} path={path} />}
      </Stack>
    </Modal>
  );
}

function Snippets({ address, dataset, path }: { address: string; dataset: DatasetOut; path: string }) {
  const programs = programsFor(address, dataset, path);
  const [chosen, choose] = useState(programs[0]?.name ?? '');
  const program = programs.find(({ name }) => name === chosen) ?? programs[0];
  return (
    <>
      <Group justify="space-between" wrap="nowrap">
        <Code style={{ overflowWrap: 'anywhere' }}>{address}</Code>
        <Box flex="none">
          <CopyText value={address}>Copy address</CopyText>
        </Box>
      </Group>
      <SegmentedControl aria-label="Program" value={program?.name ?? ''} onChange={choose} data={programs.map(({ name }) => name)} />
      {program && (
        <>
          <Text size="xs" c="dimmed">
            Once: <Code>{program.install}</Code>
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {program.code}
          </Code>
          <Group justify="flex-end">
            <CopyText value={program.code}>Copy</CopyText>
          </Group>
        </>
      )}
    </>
  );
}

interface KeyProps {
  dataset: DatasetOut;
  made: NewCapabilityOut | null;
  onMade: (made: NewCapabilityOut | null) => void;
}

/** Makes and takes back addresses that carry a key. */
function Key({ dataset, made, onMade }: KeyProps) {
  const person = usePerson();
  const queries = useQueryClient();
  const query = capabilitiesQuery(dataset.pid);
  const known = useQuery({ ...query, enabled: person !== null }).data ?? [];
  const [hours, setHours] = useState('8');
  const settled = () => queries.invalidateQueries({ queryKey: query.queryKey });
  const create = useMutation({
    mutationFn: () => body(api.POST('/api/v1/datasets/{pid}/capabilities', { params: { path: { pid: dataset.pid } }, body: { hours: Number(hours) } })),
    onSuccess: (answer) => {
      onMade(answer);
      return settled();
    },
  });
  const remove = useMutation({
    mutationFn: (id: number) => body(api.DELETE('/api/v1/datasets/{pid}/capabilities/{capability_id}', { params: { path: { pid: dataset.pid, capability_id: id } } })),
    onSuccess: (_, id) => {
      if (made?.id === id) onMade(null);
      return settled();
    },
  });
  return (
    <>
      {made === null && (
        <Group gap="sm">
          <Button leftSection={<IconKey size={16} />} loading={create.isPending} onClick={() => create.mutate()}>
            Make an address
          </Button>
          <Text size="sm">that works for</Text>
          <SegmentedControl
            aria-label="Hours"
            value={hours}
            onChange={setHours}
            data={[{ value: '1', label: '1 hour' }, { value: '8', label: '8 hours' }, { value: '24', label: '1 day' }]}
          />
        </Group>
      )}
      <ActionFailure error={create.error ?? remove.error} />
      <Text size="xs" c="dimmed">
        It carries a key: whoever has it reads this one dataset as you may, until it ends or you take it back. It is shown only now.
      </Text>
      {known.map((one) => (
        <Group key={one.id} gap="xs" wrap="nowrap">
          <Text size="sm">
            {one.id === made?.id ? 'This address' : 'An earlier address'} ends <When at={one.expires} />
          </Text>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Take back the address that ends ${one.expires}`} onClick={() => remove.mutate(one.id)}>
            <IconTrash size={14} />
          </ActionIcon>
        </Group>
      ))}
    </>
  );
}
