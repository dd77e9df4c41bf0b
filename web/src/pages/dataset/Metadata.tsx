import { ActionIcon, Button, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { IconFilter, IconPencil, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import type { DatasetOut, ParameterOut } from '@/api/types';
import { quantity, unitText } from '@/format';

import { attributeText } from './Attributes';
import { EditParameter } from './EditParameter';

/** All parameters with units, in SI and where they were read; then whatever else the file says. */
export function Metadata({ dataset }: { dataset: DatasetOut }) {
  const [filter, setFilter] = useState('');
  const [edited, edit] = useState<ParameterOut | 'new' | null>(null);
  const words = filter.toLowerCase().trim();
  const parameters = dataset.parameters.filter(({ name, value }) => `${name} ${String(value)}`.toLowerCase().includes(words));
  const extra = Object.entries(dataset.extra).filter(([name, value]) => `${name} ${attributeText(value)}`.toLowerCase().includes(words));
  const add = dataset.may_write && (
    <Button variant="default" size="compact-sm" leftSection={<IconPlus size={14} />} onClick={() => edit('new')}>
      Add a parameter
    </Button>
  );
  const form = edited && <EditParameter dataset={dataset} parameter={edited === 'new' ? null : edited} onClose={() => edit(null)} />;
  if (dataset.parameters.length === 0 && Object.keys(dataset.extra).length === 0) {
    return (
      <Stack gap="sm" align="flex-start">
        <Text size="sm" c="dimmed">
          The files say nothing beyond what stands under Info.
        </Text>
        {add}
        {form}
      </Stack>
    );
  }
  return (
    <Stack gap="sm">
      {form}
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
              <Row key={parameter.name} parameter={parameter} onEdit={dataset.may_write ? () => edit(parameter) : null} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {add && <div>{add}</div>}
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

interface RowProps {
  parameter: ParameterOut;
  onEdit: (() => void) | null;
}

function Row({ parameter: { name, value, unit, si_value: si, si_unit: siUnit, source }, onEdit }: RowProps) {
  const inSi = si !== null && siUnit !== null && unitText(siUnit) !== unitText(unit) ? quantity(si, siUnit, 6) : null;
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{name.replaceAll('_', ' ')}</Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {quantity(value, unit, 6)}
        {onEdit && (
          <ActionIcon variant="subtle" color="gray" size="xs" ml={4} aria-label={`Change ${name.replaceAll('_', ' ')}`} onClick={onEdit}>
            <IconPencil size={12} />
          </ActionIcon>
        )}
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
