import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import type { HitsQuery } from '@/api/queries';
import { ActionFailure } from '@/components/states';

import { ALERTS, type Alert } from './alerts';

export function SaveSearch({ hits, onClose }: { hits: HitsQuery; onClose: () => void }) {
  const { q = '', ...rest } = hits;
  const [name, setName] = useState(q.slice(0, 120));
  const [alert, setAlert] = useState<Alert>('none');
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => body(api.POST('/api/v1/saved-searches', { body: { name, q, selected: selectedOf(rest), alert } })),
    onSuccess: (saved) => {
      void queries.invalidateQueries({ queryKey: ['saved-searches'] });
      notifications.show({ message: `“${saved.name}” is among your saved searches.` });
      onClose();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput label="Name" required maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
        <Select
          label="When something new is found"
          allowDeselect={false}
          data={ALERTS}
          value={alert}
          onChange={(value) => setAlert(ALERTS.find((one) => one.value === value)?.value ?? 'none')}
        />
        <ActionFailure error={save.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function selectedOf(rest: Omit<HitsQuery, 'q'>): Record<string, string[]> {
  const { facility, instrument, technique, proposal, year, kind } = rest;
  const all = { facility, instrument, technique, proposal, year, kind };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string[]] => (entry[1]?.length ?? 0) > 0));
}
