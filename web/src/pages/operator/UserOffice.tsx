import { Alert, Badge, Button, Group, List, Stack, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconEye } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import type { OfficeFeedOut, OfficeRunOut } from '@/api/types';
import { Section } from '@/components/Page';
import { ActionFailure } from '@/components/states';
import { When } from '@/components/text';

const KEY = ['office'];
const STATES: Record<OfficeRunOut['state'], { words: string; color: string }> = {
  applied: { words: 'applied', color: 'green' },
  unchanged: { words: 'in step', color: 'green' },
  shown: { words: 'looked at', color: 'gray' },
  waiting: { words: 'waits for you', color: 'yellow' },
  failed: { words: 'failed', color: 'red' },
};

/** Where people and proposals come from: the latest import, what the next one would change, and the button for it. */
export function UserOffice() {
  const feeds = useQuery({ queryKey: KEY, queryFn: ({ signal }) => body(api.GET('/api/v1/office', { signal })) }).data;
  if (!feeds || feeds.length === 0) return null;
  return (
    <Section title="User office">
      <Stack gap="md">
        {feeds.map((feed) => (
          <FeedCard key={feed.name} feed={feed} />
        ))}
      </Stack>
    </Section>
  );
}

function FeedCard({ feed }: { feed: OfficeFeedOut }) {
  const queries = useQueryClient();
  const path = { feed: feed.name };
  const look = useMutation({ mutationFn: () => body(api.POST('/api/v1/office/{feed}/look', { params: { path } })) });
  const apply = useMutation({
    mutationFn: (removals: number) => body(api.POST('/api/v1/office/{feed}/apply', { params: { path }, body: { removals } })),
    onSettled: () => {
      look.reset();
      return queries.invalidateQueries({ queryKey: KEY });
    },
  });
  const { last } = feed;
  const seen = look.data;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Text fw={600}>{feed.name}</Text>
        {last && <Badge color={STATES[last.state].color}>{STATES[last.state].words}</Badge>}
        <Text size="sm" c="dimmed">
          {last ? <When at={last.time} /> : 'never imported'}
          {feed.every_minutes ? `, every ${String(feed.every_minutes)} minutes` : ', when you say so'}
        </Text>
      </Group>
      {last && (last.state === 'failed' || last.state === 'waiting') && (
        <Alert color={STATES[last.state].color} icon={<IconAlertTriangle size={18} />}>
          {last.message}
        </Alert>
      )}
      <ActionFailure error={look.error ?? apply.error} />
      {seen && <Difference run={seen} />}
      <Group gap="xs">
        <Button size="xs" variant="default" leftSection={<IconEye size={14} />} loading={look.isPending} onClick={() => look.mutate()}>
          What would change?
        </Button>
        {seen && seen.changes.length > 0 && (
          <Button size="xs" leftSection={<IconCheck size={14} />} loading={apply.isPending} onClick={() => apply.mutate(seen.removals)}>
            Apply {total(seen)} changes
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Difference({ run }: { run: OfficeRunOut }) {
  if (run.changes.length === 0 && run.warnings.length === 0) return <Text size="sm">Everything is in step.</Text>;
  const more = total(run) - run.changes.length;
  return (
    <Stack gap="xs">
      <Text size="sm">
        {total(run)} changes, {run.removals} of them removals:
      </Text>
      <Table.ScrollContainer minWidth={420} type="native">
        <Table fz="sm" aria-label="Changes">
          <Table.Tbody>
            {run.changes.map(({ kind, about, text }, index) => (
              <Table.Tr key={index}>
                <Table.Td>{kind}</Table.Td>
                <Table.Td>{about}</Table.Td>
                <Table.Td>{text}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {more > 0 && <Text size="sm">… and {more} more.</Text>}
      {run.warnings.length > 0 && (
        <Alert color="yellow" title="Look at these">
          <List size="sm">
            {run.warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Stack>
  );
}

function total(run: OfficeRunOut): number {
  return Object.values(run.counts).reduce((sum, n) => sum + n, 0);
}
