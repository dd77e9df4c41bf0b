import { Button, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { IconCircleCheck, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { quarantineQuery } from '@/api/queries';
import type { QuarantineOut } from '@/api/types';
import { Page } from '@/components/Page';
import { Remedy } from '@/components/Remedy';
import { ActionFailure, Empty, Loaded } from '@/components/states';
import { Dots, When } from '@/components/text';
import { bytes, plural } from '@/format';

import classes from './QuarantinePage.module.css';

export function QuarantinePage() {
  const query = useQuery(quarantineQuery);
  return (
    <Page title="Quarantine" description="Files that could not be read. They are kept as they are, and can be tried again.">
      <Loaded query={query}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty icon={IconCircleCheck} title="Every file could be read">
              A file that cannot be read appears here with the reason and what to do.
            </Empty>
          ) : (
            <Stack gap="xs">
              {entries.map((entry) => (
                <QuarantineEntry key={entry.id} entry={entry} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

export function QuarantineEntry({ entry }: { entry: QuarantineOut }) {
  const queries = useQueryClient();
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ['quarantine'] });
    void queries.invalidateQueries({ queryKey: ['instruments'] });
    void queries.invalidateQueries({ queryKey: ['operator'] });
  };
  const params = { path: { entry_id: entry.id } };
  const retry = useMutation({
    mutationFn: () => body(api.POST('/api/v1/quarantine/{entry_id}/retry', { params })),
    onSuccess: ({ datasets }) => {
      refresh();
      if (datasets.length > 0) notifications.show({ color: 'green', message: `${entry.name} was read: ${plural(datasets.length, 'dataset')}.` });
      else notifications.show({ color: 'orange', message: `${entry.name} still cannot be read.` });
    },
  });
  const dismiss = useMutation({ mutationFn: () => body(api.DELETE('/api/v1/quarantine/{entry_id}', { params })), onSuccess: refresh });
  const confirm = () =>
    modals.openConfirmModal({
      title: `Dismiss “${entry.name}”?`,
      children: <Text size="sm">The file itself is not touched. It comes back here when it changes and still cannot be read.</Text>,
      labels: { confirm: 'Dismiss', cancel: 'Keep' },
      onConfirm: () => dismiss.mutate(),
    });
  return (
    <article className={classes.entry} aria-label={entry.name}>
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {entry.name}
        </Text>
        <Text size="sm">{entry.reason}</Text>
        {entry.remedy && (
          <Text size="sm" c="dimmed">
            <Remedy text={entry.remedy} />
          </Text>
        )}
        <Text size="xs" c="dimmed" component="div" mt={2}>
          <Dots parts={[entry.folder, bytes(entry.size), entry.proposal, plural(entry.attempts, 'attempt'), <span key="t">last tried <When at={entry.last_tried} /></span>]} />
        </Text>
        <ActionFailure error={retry.error ?? dismiss.error} />
      </div>
      <Group gap="xs" wrap="nowrap">
        <Button variant="default" size="xs" leftSection={<IconRefresh size={14} />} loading={retry.isPending} onClick={() => retry.mutate()}>
          Try again
        </Button>
        <Button variant="subtle" color="gray" size="xs" leftSection={<IconTrash size={14} />} loading={dismiss.isPending} onClick={confirm}>
          Dismiss
        </Button>
      </Group>
    </article>
  );
}
