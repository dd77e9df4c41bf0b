import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { ApiError } from '@/api/errors';
import { instrumentsQuery } from '@/api/queries';
import { ActionFailure } from '@/components/states';

const TYPES = [
  { value: 'public_access', label: 'Public access: released after the embargo' },
  { value: 'proprietary', label: 'Proprietary: never released' },
  { value: 'training', label: 'Training' },
  { value: 'in_house', label: 'In-house research' },
] as const;

type ProposalType = (typeof TYPES)[number]['value'];

export function NewProposal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New proposal">
      <Form onClose={onClose} />
    </Modal>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const instruments = useQuery(instrumentsQuery).data ?? [];
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const [summary, setSummary] = useState('');
  const [type, setType] = useState<ProposalType>('public_access');
  const [instrument, setInstrument] = useState<string | null>(null);
  const [release, setRelease] = useState('');
  const create = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/proposals', {
          body: {
            name,
            title,
            type,
            instrument,
            summary: summary || null,
            release_time: release ? new Date(release).toISOString() : null,
          },
        }),
      ),
    onSuccess: (proposal) => {
      void queries.invalidateQueries({ queryKey: ['proposals'] });
      onClose();
      void navigate({ to: '/proposals/$name', params: { name: proposal.name } });
    },
  });
  const fault = create.error instanceof ApiError ? create.error : null;
  const errorOf = (field: string) => (fault?.field === field ? fault.message : undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <TextInput label="Name" description="Letters, digits, dot, dash; stands in addresses." required pattern="[A-Za-z0-9._\-]{1,64}" value={name} onChange={(event) => setName(event.currentTarget.value)} error={errorOf('name')} data-autofocus />
        <TextInput label="Title" required maxLength={500} value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={errorOf('title')} />
        <Textarea label="Summary" autosize minRows={2} value={summary} onChange={(event) => setSummary(event.currentTarget.value)} />
        <Select label="Type" data={[...TYPES]} allowDeselect={false} value={type} onChange={(value) => setType(TYPES.find((item) => item.value === value)?.value ?? type)} />
        <Select label="Instrument" clearable data={instruments.map((item) => ({ value: item.name, label: item.title }))} value={instrument} onChange={setInstrument} />
        {type !== 'proprietary' && (
          <TextInput type="date" label="Becomes open on" value={release} onChange={(event) => setRelease(event.currentTarget.value)} error={errorOf('release_time')} />
        )}
        <ActionFailure error={fault?.field ? null : create.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create proposal
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
