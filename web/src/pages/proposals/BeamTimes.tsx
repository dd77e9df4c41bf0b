import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { Section } from '@/components/Page';
import { When } from '@/components/text';

/** When the proposal has which instrument, where the user office says so. */
export function BeamTimes({ proposal }: { proposal: string }) {
  const times = useQuery({
    queryKey: ['proposals', proposal, 'beam-times'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/proposals/{name}/beam-times', { params: { path: { name: proposal } }, signal })),
    retry: false,
  }).data;
  if (!times || times.length === 0) return null;
  return (
    <Section title="Beam times">
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Instrument</Table.Th>
            <Table.Th>From</Table.Th>
            <Table.Th>To</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {times.map(({ instrument, start, end }) => (
            <Table.Tr key={start}>
              <Table.Td>{instrument ?? '–'}</Table.Td>
              <Table.Td>
                <When at={start} exact />
              </Table.Td>
              <Table.Td>
                <When at={end} exact />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
