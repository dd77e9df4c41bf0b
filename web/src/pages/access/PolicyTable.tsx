import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Loaded } from '@/components/states';

import { policiesQuery } from './queries';

/** What holds for proposals of each type. */
export function PolicyTable() {
  const query = useQuery(policiesQuery);
  return (
    <Loaded query={query}>
      {(policies) => (
        <Table.ScrollContainer minWidth={420} type="native">
          <Table fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Type</Table.Th>
                <Table.Th>Embargo</Table.Th>
                <Table.Th>Licence</Table.Th>
                <Table.Th>Besides</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {policies.map((one) => (
                <Table.Tr key={one.type}>
                  <Table.Td>{one.type.replaceAll('_', ' ')}</Table.Td>
                  <Table.Td>{!one.releases ? 'never released' : one.embargo_years === null ? 'until the staff sets a date' : `${String(one.embargo_years)} years`}</Table.Td>
                  <Table.Td>{one.releases ? one.licence : ''}</Table.Td>
                  <Table.Td>{[one.announced && 'titles announced', one.invoiced && 'invoiced'].filter(Boolean).join(', ')}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Loaded>
  );
}
