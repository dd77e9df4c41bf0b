import { ActionIcon, Button, Checkbox, NumberInput, Select, Table, TextInput, VisuallyHidden } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

import { unitText } from '@/format';

import { choiceLabel } from './FieldInput';
import { initialOf, isChoice, type Field } from './schema';
import { isRecord, type Faults } from './validate';

interface RowsInputProps {
  columns: readonly Field[];
  value: readonly unknown[];
  onChange: (rows: unknown[]) => void;
  faults: Faults;
  path: string;
  title: string;
  most: number | null;
}

/** A list of records as a small table, such as the parameters of a fit: name, value, bounds, fitted or fixed. */
export function RowsInput({ columns, value, onChange, faults, path, title, most }: RowsInputProps) {
  const rows = value.map((row) => (isRecord(row) ? row : {}));
  const set = (index: number, name: string, next: unknown) => onChange(rows.map((row, at) => (at === index ? { ...row, [name]: next } : row)));
  const add = () => onChange([...rows, Object.fromEntries(columns.map((column) => [column.name, initialOf(column)]))]);
  return (
    <>
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={Math.min(520, columns.length * 96)} type="native">
          <Table verticalSpacing={3} horizontalSpacing={3} withRowBorders={false} fz="xs">
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column.name} fw={500} title={column.help}>
                    {column.title}
                    {column.unit && ` (${unitText(column.unit)})`}
                  </Table.Th>
                ))}
                <Table.Th w={30}><VisuallyHidden>Remove</VisuallyHidden></Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row, index) => (
                <Table.Tr key={index}>
                  {columns.map((column) => (
                    <Table.Td key={column.name}>
                      <Cell
                        column={column}
                        value={row[column.name]}
                        label={`${column.title}, row ${String(index + 1)} of ${title}`}
                        fault={faults[`${path}.${String(index)}.${column.name}`]}
                        onChange={(next) => set(index, column.name, next)}
                      />
                    </Table.Td>
                  ))}
                  <Table.Td>
                    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove row ${String(index + 1)} of ${title}`} onClick={() => onChange(rows.filter((_, at) => at !== index))}>
                      <IconTrash size={14} />
                    </ActionIcon>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {(most === null || rows.length < most) && (
        <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={13} />} onClick={add}>
          Add a row
        </Button>
      )}
    </>
  );
}

interface CellProps {
  column: Field;
  value: unknown;
  label: string;
  fault: string | undefined;
  onChange: (value: unknown) => void;
}

function Cell({ column: { kind, optional }, value, label, fault, onChange }: CellProps) {
  const shared = { 'aria-label': label, size: 'xs' as const, error: fault };
  if (kind.is === 'boolean') return <Checkbox {...shared} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  if (kind.is === 'integer' || kind.is === 'number') {
    return (
      <NumberInput
        {...shared}
        hideControls
        clampBehavior="none"
        allowDecimal={kind.is === 'number'}
        value={typeof value === 'number' ? value : ''}
        onChange={(next) => onChange(next === '' ? null : Number(next))}
      />
    );
  }
  if (kind.is === 'choice') {
    return (
      <Select
        {...shared}
        data={kind.choices.map((choice) => ({ value: String(choice), label: choiceLabel(choice, kind.labels) }))}
        value={isChoice(value) ? String(value) : null}
        clearable={optional}
        allowDeselect={optional}
        onChange={(text) => onChange(kind.choices.find((choice) => String(choice) === text) ?? null)}
      />
    );
  }
  return <TextInput {...shared} value={typeof value === 'string' ? value : ''} onChange={(event) => onChange(event.currentTarget.value || (optional ? null : ''))} />;
}
