import { List, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { DatasetOut } from '@/api/types';
import { Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';

import { AskRelease } from './AskRelease';
import { accessesQuery, accessQuery, seersQuery } from './queries';
import { told } from './told';

/** Why I see it, when it opens, who else sees it, who has. */
export function AccessTab({ dataset }: { dataset: DatasetOut }) {
  const query = useQuery(accessQuery(dataset.pid));
  return (
    <Loaded query={query} skeleton={<SkeletonRows rows={4} />}>
      {(access) => (
        <Stack gap="lg">
          <section aria-label="Why I see this">
            <Title order={2} size="h3" mb="xs">Why can I see this?</Title>
            {access.reasons.map((reason) => (
              <Text key={reason} size="sm">{reason}</Text>
            ))}
          </section>
          <section aria-label="Release">
            <Title order={2} size="h3" mb="xs">Release</Title>
            <Text size="sm" mb="xs">
              {dataset.open ? 'Open to everyone' : dataset.release_time ? 'Becomes open' : access.policy?.releases === false ? 'Never released' : 'No release date is set'}
              {dataset.release_time && access.policy?.releases !== false && <> {dataset.open ? 'since' : 'on'} <When at={dataset.release_time} exact /></>}
              {access.release_set && ', an exception from the policy'}.
              {access.policy?.releases && ` Licence${dataset.open ? '' : ' then'}: ${dataset.licence ?? access.policy.licence}.`}
            </Text>
            {access.may_ask_release && <AskRelease proposal={dataset.proposal} dataset={dataset.pid} />}
          </section>
          {access.may_explain && <Seers pid={dataset.pid} />}
          {access.may_manage && <Accesses pid={dataset.pid} />}
        </Stack>
      )}
    </Loaded>
  );
}

function Seers({ pid }: { pid: string }) {
  const [at, setAt] = useState('');
  const query = useQuery(seersQuery(pid, at ? `${at}T00:00:00Z` : undefined));
  return (
    <section aria-label="Who sees this">
      <Title order={2} size="h3" mb="xs">Who sees this?</Title>
      <TextInput label="On (empty: now)" type="date" size="xs" value={at} onChange={(event) => setAt(event.currentTarget.value)} mb="xs" />
      <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
        {(seers) => (
          <List size="sm" listStyleType="none">
            {seers.map((one) => (
              <List.Item key={`${one.who}${one.why}`}>
                {one.who}
                <Text size="xs" c="dimmed">
                  {one.why}
                  {one.until && <>, until <When at={one.until} /></>}
                </Text>
              </List.Item>
            ))}
          </List>
        )}
      </Loaded>
    </section>
  );
}

function Accesses({ pid }: { pid: string }) {
  const query = useQuery(accessesQuery(pid));
  return (
    <section aria-label="Accesses">
      <Title order={2} size="h3" mb="xs">Who has read or changed it</Title>
      <Loaded query={query} skeleton={<SkeletonRows rows={3} />}>
        {(lines) => (
          <Table.ScrollContainer minWidth={280} type="native">
            <Table fz="xs">
              <Table.Tbody>
                {lines.map((line, index) => (
                  <Table.Tr key={`${String(line.number)}-${String(index)}`}>
                    <Table.Td><When at={line.time} /></Table.Td>
                    <Table.Td>{line.who ?? 'Not signed in'}{line.whom && `, about ${line.whom}`}</Table.Td>
                    <Table.Td>{told(line)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
    </section>
  );
}
