import { Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Page } from '@/components/Page';
import { Loaded } from '@/components/states';
import { When } from '@/components/text';

import { auditQuery } from './queries';
import { told } from './told';

/** Who did what, for operators. */
export function AuditPage() {
  const [user, setUser] = useState('');
  const [subject, setSubject] = useState('');
  const [kind, setKind] = useState('');
  const [since, setSince] = useState('');
  const [filter] = useDebouncedValue({ user, subject, kind, since }, 300);
  const query = useInfiniteQuery(
    auditQuery({
      ...(filter.user && { user: filter.user }),
      ...(filter.subject && { subject: filter.subject }),
      ...(filter.kind && { kind: filter.kind }),
      ...(filter.since && { since: `${filter.since}T00:00:00Z` }),
    }),
  );
  return (
    <Page title="Audit" width="list" crumbs={[{ label: 'Operation', to: '/operator' }, { label: 'Audit' }]} description="Who read, changed, downloaded and shared what. The command “pandaas audit verify” proves that nothing was changed or taken out.">
      <Group gap="sm" mb="md">
        <TextInput label="Person (user name)" value={user} onChange={(event) => setUser(event.currentTarget.value)} />
        <TextInput label="About (identifier)" value={subject} onChange={(event) => setSubject(event.currentTarget.value)} />
        <TextInput label="Kind begins with" placeholder="data. share. person." value={kind} onChange={(event) => setKind(event.currentTarget.value)} />
        <TextInput label="Since" type="date" value={since} onChange={(event) => setSince(event.currentTarget.value)} />
      </Group>
      <Loaded query={query}>
        {({ pages }) =>
          pages[0]?.length === 0 ? (
            <Text size="sm" c="dimmed">Nothing of the kind.</Text>
          ) : (
            <Table.ScrollContainer minWidth={640} type="native">
              <Table fz="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th ta="right">Line</Table.Th>
                    <Table.Th>When</Table.Th>
                    <Table.Th>Who</Table.Th>
                    <Table.Th>What</Table.Th>
                    <Table.Th>About</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {pages.flat().map((line) => (
                    <Table.Tr key={line.number}>
                      <Table.Td ta="right">{line.number}</Table.Td>
                      <Table.Td><When at={line.time} /></Table.Td>
                      <Table.Td>{line.who ?? ''}</Table.Td>
                      <Table.Td>{told(line)}</Table.Td>
                      <Table.Td>{line.subject}{line.whom && line.whom !== line.subject && `, ${line.whom}`}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
      {query.hasNextPage && (
        <Button mt="sm" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show earlier ones
        </Button>
      )}
    </Page>
  );
}
