import { Box, Button, Menu, SegmentedControl, Text } from '@mantine/core';
import { IconDeviceDesktop, IconNotebook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { ProgramOut } from '@/api/types';

import { useStart } from './actions';
import { programsQuery } from './queries';

const PLACES: Record<string, string> = { local: 'This computer', slurm: 'Cluster (Slurm)' };

/** The programs that open these datasets; a click starts one. Nothing is asked before the menu is opened. */
export function OpenIn({ datasets, label = 'Open in' }: { datasets: string[]; label?: string }) {
  const start = useStart();
  return (
    <Menu position="bottom-end" shadow="md" width={340}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDeviceDesktop size={16} />} loading={start.isPending}>
          {label} …
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Programs datasets={datasets} onChoose={(program, engine) => start.mutate({ program, datasets, engine })} />
      </Menu.Dropdown>
    </Menu>
  );
}

function Programs({ datasets, onChoose }: { datasets: string[]; onChoose: (program: string, engine: string) => void }) {
  const query = useQuery(programsQuery(datasets));
  const [engine, setEngine] = useState('local');
  if (!query.data) {
    return <Menu.Label>{query.error ? query.error.message : 'Looking which programs fit …'}</Menu.Label>;
  }
  const { programs, capacity } = query.data;
  const free = capacity.words === 'Starts now.';
  return (
    <>
      <Menu.Label>{engine === 'local' || !free ? capacity.words : 'Starts when the cluster has room for it.'}</Menu.Label>
      {capacity.engines.length > 1 && (
        <Box px="sm" pb="xs">
          <SegmentedControl
            aria-label="Where it runs"
            fullWidth
            size="xs"
            value={engine}
            onChange={setEngine}
            data={capacity.engines.map((name) => ({ value: name, label: PLACES[name] ?? name }))}
          />
        </Box>
      )}
      {programs.map((program) => (
        <Menu.Item
          key={program.id}
          disabled={program.problem !== null || !free}
          leftSection={program.kind !== 'desktop' ? <IconNotebook size={18} /> : <IconDeviceDesktop size={18} />}
          onClick={() => onChoose(program.id, engine)}
        >
          <Text size="sm">{program.title}</Text>
          <Text size="xs" c="dimmed">
            {hint(program)}
          </Text>
        </Menu.Item>
      ))}
    </>
  );
}

function hint(program: ProgramOut): string {
  if (program.problem) return `${program.problem} ${program.remedy ?? ''}`.trim();
  return program.ready ? program.summary : `${program.summary} The first start takes a minute or two.`;
}
