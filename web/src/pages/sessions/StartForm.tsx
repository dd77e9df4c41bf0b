import { Button, Checkbox, Group, NumberInput, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { ProgramsOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { useStart } from './actions';
import { mayStart, placeLabel, startWords } from './words';

/** The program, how large, for how long and where: for those whom a click on the program's name doesn't suit. */
export function StartForm({ datasets, offer }: { datasets: string[]; offer: ProgramsOut }) {
  const { programs, capacity } = offer;
  const startable = programs.filter(({ problem }) => problem === null);
  const [id, choose] = useState(startable[0]?.id ?? null);
  const [engine, setEngine] = useState(capacity.engines[0] ?? 'local');
  const [cores, setCores] = useState<number | null>(null);
  const [memory, setMemory] = useState<number | null>(null);
  const [gpu, setGpu] = useState(false);
  const [wantedHours, setHours] = useState<number | null>(null);
  const start = useStart();
  const program = startable.find((one) => one.id === id);
  const largest = capacity.largest[engine];
  if (!program) return <Text size="sm">No program that opens these can be started here.</Text>;
  const hours = Math.min(wantedHours ?? program.lifetime_hours, program.longest_hours);
  const here = !program.provider; // a provider gives what it gives
  const onGpu = gpu && here && (largest?.gpus ?? 0) > 0;
  const taken = engine === 'local' && !capacity.gpu_free;
  const wanted = {
    program: program.id,
    datasets,
    engine: program.provider ?? engine,
    hours,
    soon: program.ready,
    ...(here && cores !== null && { cores }),
    ...(here && memory !== null && { memory_mb: Math.round(memory * 1024) }),
    ...(onGpu && !taken && { gpu: true }),
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate(wanted);
      }}
    >
      <Stack gap="sm">
        <Select label="Program" data={startable.map(({ id: value, title }) => ({ value, label: title }))} value={program.id} onChange={choose} allowDeselect={false} />
        {here && capacity.engines.length > 1 && (
          <SegmentedControl aria-label="Where it runs" value={engine} onChange={setEngine} data={capacity.engines.map((value) => ({ value, label: placeLabel(value) }))} />
        )}
        <Group grow align="flex-start">
          <NumberInput label="Cores" min={1} max={largest?.cores} disabled={!here} value={(here && cores) || program.cores} onChange={(value) => setCores(Number(value) || null)} />
          <NumberInput
            label="Memory"
            suffix=" GB"
            min={0.25}
            step={1}
            decimalScale={2}
            max={largest && largest.memory_mb / 1024}
            disabled={!here}
            value={(here && memory) || program.memory_mb / 1024}
            onChange={(value) => setMemory(Number(value) || null)}
          />
          <NumberInput
            label="Runs for"
            suffix=" h"
            min={1}
            max={program.longest_hours}
            value={hours}
            onChange={(value) => setHours(Number(value) || null)}
          />
        </Group>
        {here && largest !== undefined && largest.gpus > 0 && (
          <Checkbox
            label={largest.gpus > 1 ? `With ${String(largest.gpus)} GPUs` : 'With a GPU'}
            description={taken && 'Another session has it now.'}
            disabled={taken}
            checked={onGpu && !taken}
            onChange={(event) => setGpu(event.currentTarget.checked)}
          />
        )}
        <Text size="sm" c="dimmed">
          {here && startWords(capacity, engine)} When its time is over it hibernates; you can extend it before.
        </Text>
        <ActionFailure error={start.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={start.isPending} disabled={!mayStart(program, capacity)}>
            Start {program.title}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
