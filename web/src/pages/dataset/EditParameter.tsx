import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { datasetQuery } from '@/api/queries';
import type { DatasetOut, DatasetPatch, ParameterOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { valueOf } from './parameterValue';

interface EditParameterProps {
  dataset: DatasetOut;
  /** Null enters a new one. */
  parameter: ParameterOut | null;
  onClose: () => void;
}

/** A parameter entered or corrected by hand; what the file said stays in the history. */
export function EditParameter({ dataset, parameter, onClose }: EditParameterProps) {
  const [name, setName] = useState(parameter?.name ?? '');
  const [value, setValue] = useState(parameter ? String(parameter.value) : '');
  const [unit, setUnit] = useState(parameter?.unit ?? '');
  const save = useSaveParameters(dataset.pid, onClose);
  const key = name.trim().replace(/\s+/gu, '_');
  return (
    <Modal opened onClose={onClose} title={parameter ? `Change ${parameter.name.replaceAll('_', ' ')}` : 'Add a parameter'}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ [key]: { value: valueOf(value), unit: unit.trim() || null } });
        }}
      >
        <Stack>
          {!parameter && (
            <TextInput label="Name" description="The field's own term, such as photon_energy or temperature" required maxLength={200} value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
          )}
          <Group grow align="flex-start">
            <TextInput label="Value" required maxLength={500} value={value} onChange={(event) => setValue(event.currentTarget.value)} data-autofocus={parameter ? true : undefined} />
            <TextInput label="Unit" placeholder="none" maxLength={64} value={unit} onChange={(event) => setUnit(event.currentTarget.value)} />
          </Group>
          <Text size="xs" c="dimmed">
            It is kept when the file is read again, and what it was stays in the history.
          </Text>
          <ActionFailure error={save.error} />
          <Group justify="space-between">
            {parameter ? (
              <Button variant="subtle" color="red" onClick={() => save.mutate({ [parameter.name]: null })}>
                Take it away
              </Button>
            ) : (
              <span />
            )}
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={save.isPending} disabled={!key || !value.trim()}>
                Save
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function useSaveParameters(pid: string, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (parameters: NonNullable<DatasetPatch['parameters']>) =>
      body(api.PATCH('/api/v1/datasets/{pid}', { params: { path: { pid } }, body: { parameters } })),
    onSuccess: (saved) => {
      queries.setQueryData(datasetQuery(pid).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ['dataset', pid] });
      void queries.invalidateQueries({ queryKey: ['search'] });
      done();
    },
  });
}
