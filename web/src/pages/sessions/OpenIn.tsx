import { Box, Button, Menu, Modal, SegmentedControl, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustments, IconDeviceDesktop, IconExternalLink, IconNotebook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import type { ProgramOut, ProgramsOut } from '@/api/types';

import { anticipate, useStart } from './actions';
import { programsQuery } from './queries';
import { StartForm } from './StartForm';
import { mayStart, placeLabel, startWords } from './words';

/** So many datasets one session opens at once. */
export const MOST_OPENED = 200;
/** Somebody points at a program who doesn't only pass over it. */
const POINTED_MS = 150;

interface OpenInProps {
  /** Pids, or how those of a place are found when the menu is opened. */
  datasets: string[] | { of: string; find: () => Promise<string[]> };
  label?: string;
}

/** The programs that open these datasets; a click starts one. Nothing is asked before the menu is opened. */
export function OpenIn({ datasets, label = 'Open in' }: OpenInProps) {
  const start = useStart();
  const [choosing, { open, close }] = useDisclosure(false);
  const [opened, menu] = useDisclosure(false);
  const asked = opened || choosing;
  const known = Array.isArray(datasets);
  const found = useQuery({
    queryKey: ['opened-together', known ? null : datasets.of],
    queryFn: () => (known ? [] : datasets.find()),
    enabled: !known && asked,
  });
  const pids = known ? datasets : found.data;
  const offer = useQuery({ ...programsQuery(pids ?? []), enabled: pids !== undefined && asked });
  const failed = found.error ?? offer.error;
  const begin = () => {
    menu.open();
    anticipate();
  };
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={340} opened={opened} onOpen={begin} onClose={menu.close}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDeviceDesktop size={16} />} loading={start.isPending}>
            {label} …
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {offer.data && pids ? (
            <Programs offer={offer.data} onChoose={({ id, ready, provider }, engine) => start.mutate({ program: id, datasets: pids, engine: provider ?? engine, soon: ready })} onMore={open} />
          ) : (
            <Menu.Label>{failed ? told(failed) : 'Looking which programs fit …'}</Menu.Label>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={choosing} onClose={close} title="Start a session" size="lg">
        {offer.data && pids && <StartForm datasets={pids} offer={offer.data} />}
      </Modal>
    </>
  );
}

interface ProgramsProps {
  offer: ProgramsOut;
  onChoose: (program: ProgramOut, engine: string) => void;
  onMore: () => void;
}

function Programs({ offer, onChoose, onMore }: ProgramsProps) {
  const { programs, capacity } = offer;
  const [engine, setEngine] = useState('local');
  const pointed = useRef(0);
  const point = ({ id, provider, ready, problem }: ProgramOut) => {
    window.clearTimeout(pointed.current);
    if (!provider && ready && !problem && engine === 'local') pointed.current = window.setTimeout(() => anticipate(id), POINTED_MS);
  };
  return (
    <>
      <Menu.Label>{startWords(capacity, engine)}</Menu.Label>
      {capacity.engines.length > 1 && (
        <Box px="sm" pb="xs">
          <SegmentedControl
            aria-label="Where it runs"
            fullWidth
            size="xs"
            value={engine}
            onChange={setEngine}
            data={capacity.engines.map((value) => ({ value, label: placeLabel(value) }))}
          />
        </Box>
      )}
      {programs.map((program) => (
        <Menu.Item
          key={program.id}
          disabled={!mayStart(program, capacity)}
          leftSection={icon(program)}
          onMouseEnter={() => point(program)}
          onMouseLeave={() => window.clearTimeout(pointed.current)}
          onClick={() => onChoose(program, engine)}
        >
          <Text size="sm">{program.title}</Text>
          <Text size="xs" c="dimmed">
            {hint(program)}
          </Text>
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Item leftSection={<IconAdjustments size={18} />} onClick={onMore}>
        Choose size and time …
      </Menu.Item>
    </>
  );
}

function told(error: Error): string {
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? ` ${error.remedy}` : '';
  return error.message + remedy;
}

function icon({ kind }: ProgramOut) {
  if (kind === 'elsewhere') return <IconExternalLink size={18} />;
  return kind === 'desktop' ? <IconDeviceDesktop size={18} /> : <IconNotebook size={18} />;
}

function hint(program: ProgramOut): string {
  if (program.problem) return `${program.problem} ${program.remedy ?? ''}`.trim();
  return program.ready ? program.summary : `${program.summary} The first start takes a minute or two.`;
}
