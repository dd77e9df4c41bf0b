import { Button, Group, Modal, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { ApiError } from '@/api/errors';
import { datasetQuery } from '@/api/queries';
import type { DatasetOut, DatasetPatch } from '@/api/types';
import { ActionFailure } from '@/components/states';

import { TechniqueInput } from './TechniqueInput';

interface EditProps {
  opened: boolean;
  onClose: () => void;
  dataset: DatasetOut;
}

export function EditDataset({ opened, onClose, dataset }: EditProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Edit metadata" size="lg">
      <Form dataset={dataset} onClose={onClose} />
    </Modal>
  );
}

function Form({ dataset, onClose }: Omit<EditProps, 'opened'>) {
  const queries = useQueryClient();
  const [title, setTitle] = useState(dataset.title);
  const [sample, setSample] = useState(dataset.sample ?? '');
  const [description, setDescription] = useState(dataset.description ?? '');
  const [techniques, setTechniques] = useState(dataset.techniques.map(({ iri }) => iri));
  const [withdrawn, setWithdrawn] = useState(dataset.state === 'withdrawn');
  const save = useMutation({
    mutationFn: (change: DatasetPatch) =>
      body(api.PATCH('/api/v1/datasets/{pid}', { params: { path: { pid: dataset.pid } }, body: change })),
    onSuccess: (saved) => {
      queries.setQueryData(datasetQuery(dataset.pid).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ['dataset', dataset.pid, 'history'] });
      void queries.invalidateQueries({ queryKey: ['search'] });
      onClose();
    },
  });
  const fault = save.error instanceof ApiError ? save.error : null;
  const errorOf = (field: string) => (fault?.field === field ? fault.message : undefined);
  const change = changes(dataset, { title: title.trim(), sample: sample.trim() || null, description: description.trim() || null, techniques, withdrawn });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(change);
      }}
    >
      <Stack>
        <TextInput label="Title" required maxLength={500} value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={errorOf('title')} data-autofocus />
        <TextInput label="Sample" value={sample} onChange={(event) => setSample(event.currentTarget.value)} error={errorOf('sample')} />
        <TechniqueInput tagged={dataset.techniques} value={techniques} onChange={setTechniques} error={errorOf('techniques')} />
        <Textarea label="Description" autosize minRows={3} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={errorOf('description')} />
        <Switch
          label="Withdraw this dataset"
          description="Nobody but operators can read it any more; it stays in the records. This can be undone here."
          color="red"
          checked={withdrawn}
          onChange={(event) => setWithdrawn(event.currentTarget.checked)}
        />
        <ActionFailure error={fault?.field ? null : save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending} disabled={Object.keys(change).length === 0}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Edited {
  title: string;
  sample: string | null;
  description: string | null;
  techniques: string[];
  withdrawn: boolean;
}

/** Only what differs: the rest may have been changed by somebody else meanwhile. */
function changes(dataset: DatasetOut, edited: Edited): DatasetPatch {
  const before = dataset.techniques.map(({ iri }) => iri).join('\n');
  return {
    ...(edited.title !== dataset.title && { title: edited.title }),
    ...(edited.sample !== dataset.sample && { sample: edited.sample }),
    ...(edited.description !== dataset.description && { description: edited.description }),
    ...(edited.techniques.join('\n') !== before && { techniques: edited.techniques }),
    ...(edited.withdrawn !== (dataset.state === 'withdrawn') && { state: edited.withdrawn ? ('withdrawn' as const) : ('complete' as const) }),
  };
}
