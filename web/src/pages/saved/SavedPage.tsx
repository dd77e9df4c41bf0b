import { ActionIcon, Alert as Note, Button, Group, Select, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconBookmark, IconRss, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Navigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { savedSearchesQuery } from '@/api/queries';
import type { SavedSearchOut } from '@/api/types';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { ActionFailure, Empty, Loaded } from '@/components/states';
import { CopyText } from '@/components/text';

import { ALERTS } from './alerts';
import { RenameSearch } from './RenameSearch';

const route = getRouteApi('/saved');

/** Kept questions: open, alert, feed. A notice leads to `?open=`, which goes on to the search itself. */
export function SavedPage() {
  const { open } = route.useSearch();
  const query = useQuery(savedSearchesQuery);
  const wanted = query.data?.find(({ id }) => id === open);
  if (wanted) return <Navigate to="/search" search={{ ...wanted.selected, q: wanted.q || undefined, sort: 'newest' }} replace />;
  return (
    <Page title="Saved searches" width="normal" description="Questions you keep. You hear of what they find anew, and see in them what you may see.">
      <Loaded query={query}>
        {(saved) =>
          saved.length === 0 ? (
            <Empty icon={IconBookmark} title="You have saved no searches">
              Search for something, then choose “Save search”.
            </Empty>
          ) : (
            <Searches saved={saved} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Searches({ saved }: { saved: readonly SavedSearchOut[] }) {
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ['saved-searches'] });
  const change = useMutation({
    mutationFn: ({ id, alert }: Pick<SavedSearchOut, 'id' | 'alert'>) =>
      body(api.PATCH('/api/v1/saved-searches/{search_id}', { params: { path: { search_id: id } }, body: { alert } })),
    onSuccess: again,
  });
  const remove = useMutation({
    mutationFn: (id: number) => body(api.DELETE('/api/v1/saved-searches/{search_id}', { params: { path: { search_id: id } } })),
    onSuccess: again,
  });
  const confirm = ({ id, name }: SavedSearchOut) =>
    modals.openConfirmModal({
      title: `Delete the saved search “${name}”?`,
      children: <Text size="sm">Its alerts and its feed end. The data stay.</Text>,
      labels: { confirm: `Delete “${name}”`, cancel: 'Keep' },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate(id),
    });
  return (
    <>
      <ActionFailure error={change.error ?? remove.error} />
      <Table.ScrollContainer minWidth={560} type="native">
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Search</Table.Th>
              <Table.Th>When something new is found</Table.Th>
              <Table.Th>Feed</Table.Th>
              <Table.Th w={72}><VisuallyHidden>Rename or delete</VisuallyHidden></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {saved.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>
                  <Link to="/search" search={{ ...one.selected, q: one.q || undefined, sort: 'newest' }} fw={500}>
                    {one.name}
                  </Link>
                  {one.q !== one.name && (
                    <Text size="xs" c="dimmed" lineClamp={1}>
                      {one.q}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Select
                    size="xs"
                    aria-label={`Alerts of ${one.name}`}
                    allowDeselect={false}
                    data={ALERTS}
                    value={one.alert}
                    onChange={(value) => change.mutate({ id: one.id, alert: ALERTS.find((alert) => alert.value === value)?.value ?? 'none' })}
                  />
                </Table.Td>
                <Table.Td>
                  <FeedOf saved={one} onChange={again} />
                </Table.Td>
                <Table.Td>
                  <Group gap={2} wrap="nowrap">
                    <RenameSearch saved={one} />
                    <ActionIcon variant="subtle" color="gray" aria-label={`Delete ${one.name}`} onClick={() => confirm(one)}>
                      <IconTrash size={16} />
                    </ActionIcon>
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function FeedOf({ saved, onChange }: { saved: SavedSearchOut; onChange: () => Promise<void> }) {
  const [path, setPath] = useState<string>();
  const params = { path: { search_id: saved.id } };
  const make = useMutation({
    mutationFn: () => body(api.POST('/api/v1/saved-searches/{search_id}/feed', { params })),
    onSuccess: (made) => {
      setPath(made.path);
      void onChange();
    },
  });
  const close = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/saved-searches/{search_id}/feed', { params })),
    onSuccess: () => {
      setPath(undefined);
      void onChange();
    },
  });
  return (
    <Stack gap={4}>
      <Group gap={4}>
        <Button variant="subtle" size="compact-xs" leftSection={<IconRss size={14} />} onClick={() => make.mutate()} loading={make.isPending}>
          {saved.has_feed ? 'New address' : 'Make a feed'}
        </Button>
        {saved.has_feed && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => close.mutate()}>
            End it
          </Button>
        )}
      </Group>
      {path && (
        <Note color="gray" p="xs">
          <Text size="xs">Whoever has this address sees what you may see of this search. It is shown once.</Text>
          <CopyText value={`${window.location.origin}${path}`}>{`${window.location.origin}${path}`}</CopyText>
        </Note>
      )}
      <ActionFailure error={make.error ?? close.error} />
    </Stack>
  );
}
