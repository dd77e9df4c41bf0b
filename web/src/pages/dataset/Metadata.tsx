import { Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState } from 'react';

import type { DatasetOut, ParameterOut } from '@/api/types';
import { quantity } from '@/format';

import { attributeText } from './Attributes';

/** All parameters with units, in SI and where they were read; then whatever else the file says. */
export function Metadata({ dataset }: { dataset: DatasetOut }) {
  const [filter, setFilter] = useState('');
  const words = filter.toLowerCase().trim();
  const parameters = dataset.parameters.filter(({ name, value }) => `${name} ${String(value)}`.toLowerCase().includes(words));
  const extra = Object.entries(dataset.extra).filter(([name, value]) => `${name} ${attributeText(value)}`.toLowerCase().includes(words));
  if (dataset.parameters.length === 0 && Object.keys(dataset.extra).length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The files say nothing beyond what stands under Info.
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      <TextInput size="xs" aria-label="Filter the metadata" placeholder="Filter" leftSection={<IconFilter size={14} />} value={filter} onChange={(event) => setFilter(event.currentTarget.value)} />
      {parameters.length > 0 && (
        <Table fz="sm" verticalSpacing={4} horizontalSpacing={4} layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Value</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {parameters.map((parameter) => (
              <Row key={parameter.name} parameter={parameter} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {extra.length > 0 && (
        <>
          <Title order={2} size="h3">Further</Title>
          <Table fz="sm" verticalSpacing={4} horizontalSpacing={4} layout="fixed">
            <Table.Tbody>
              {extra.map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{name}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{attributeText(value)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
      {parameters.length === 0 && extra.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing has this in its name or value.
        </Text>
      )}
    </Stack>
  );
}

function Row({ parameter: { name, value, unit, si_value: si, si_unit: siUnit, source } }: { parameter: ParameterOut }) {
  const inSi = si !== null && siUnit !== null && siUnit !== unit ? quantity(si, siUnit, 6) : null;
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{name.replaceAll('_', ' ')}</Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {quantity(value, unit, 6)}
        {inSi && (
          <Text size="xs" c="dimmed">
            = {inSi}
          </Text>
        )}
        {source && (
          <Text size="xs" c="dimmed" truncate title={source}>
            {source}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
