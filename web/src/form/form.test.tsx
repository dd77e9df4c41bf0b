import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';

import { choiceLabel } from './FieldInput';
import { ParameterForm } from './ParameterForm';
import { fieldsOf, initialOf, type Field, type Schema } from './schema';
import { boundsText, validateAll } from './validate';

/** As pydantic writes it. */
const SCHEMA: Schema = {
  type: 'object',
  $defs: {
    Unit: { enum: ['q_nm^-1', '2th_deg'], type: 'string', title: 'Unit' },
    Fit: {
      type: 'object',
      properties: {
        name: { type: 'string', title: 'Name' },
        value: { type: 'number', title: 'Value' },
        min: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null, title: 'Min' },
        fit: { type: 'boolean', default: true, title: 'Fit' },
      },
      required: ['name', 'value'],
    },
  },
  properties: {
    npt: { type: 'integer', minimum: 10, maximum: 20000, default: 1000, title: 'Bins', description: 'Points.', 'x-order': 2, group: 'Result' },
    unit: { $ref: '#/$defs/Unit', default: 'q_nm^-1', 'x-order': 1, group: 'Result' },
    distance: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }], default: null, unit: 'mm', advanced: true, title: 'Distance', 'x-order': 3 },
    parameters: { type: 'array', items: { $ref: '#/$defs/Fit' }, default: [], title: 'Parameters', 'x-order': 4 },
    angles: { type: 'array', items: { type: 'number', minimum: 0 }, default: [], title: 'Angles' },
    label: { type: 'string', maxLength: 5, title: 'Label' },
    odd: { anyOf: [{ type: 'number' }, { type: 'string' }], default: 1 },
  },
  required: ['label'],
};

const fields = fieldsOf(SCHEMA);
const named = (name: string): Field => {
  const field = fields.find((item) => item.name === name);
  if (!field) throw new Error(name);
  return field;
};

describe('the fields of a schema', () => {
  it('stand in the order that the recipe gives, the rest after them', () =>
    expect(fields.map(({ name }) => name)).toEqual(['unit', 'npt', 'distance', 'parameters', 'angles', 'label', 'odd']));

  it('know kind, bounds, unit, group and whether they may be empty', () => {
    expect(named('unit').kind).toEqual({ is: 'choice', choices: ['q_nm^-1', '2th_deg'], labels: {} });
    expect(named('npt')).toMatchObject({ kind: { is: 'integer', from: 10, to: 20000 }, optional: false, group: 'Result' });
    expect(named('distance')).toMatchObject({ kind: { is: 'number', above: 0 }, optional: true, unit: 'mm', advanced: true });
    expect(named('angles').kind).toMatchObject({ is: 'list', least: 0, most: null });
    expect(named('odd').kind).toEqual({ is: 'json' });
  });

  it('turn lists of records into tables', () => {
    const { kind } = named('parameters');
    expect(kind.is === 'table' && kind.columns.map(({ name, optional }) => [name, optional])).toEqual([
      ['name', false],
      ['value', false],
      ['min', true],
      ['fit', false],
    ]);
  });

  it('give a new row the defaults of its columns', () => {
    const { kind } = named('parameters');
    const row = kind.is === 'table' ? Object.fromEntries(kind.columns.map((column) => [column.name, initialOf(column)])) : null;
    expect(row).toEqual({ name: '', value: null, min: null, fit: true });
  });
});

describe('checking', () => {
  const defaults = Object.fromEntries(fields.map((field) => [field.name, initialOf(field)]));

  it('finds what is missing', () => expect(validateAll(fields, defaults)).toEqual({ label: 'Label is needed.' }));

  it.each([
    ['npt', 9, 'At least 10.'],
    ['npt', 20001, 'At most 20000.'],
    ['npt', 10.5, 'Enter a whole number.'],
    ['npt', '-', 'Enter a number.'],
    ['distance', 0, 'More than 0\u202Fmm.'],
    ['label', 'too long', 'At most 5 characters.'],
    ['angles', [1, -1], undefined],
  ])('%s = %j: %s', (name, value, text) => {
    const faults = validateAll(fields, { ...defaults, label: 'a', [name]: value });
    expect(faults[name]).toBe(text);
    if (name === 'angles') expect(faults).toEqual({ 'angles.1': 'At least 0.' });
  });

  it('names the cell of a table', () => {
    const rows = [{ name: 'radius', value: 40, min: null, fit: true }, { name: 'scale', value: null, min: null, fit: true }];
    expect(validateAll(fields, { ...defaults, label: 'a', parameters: rows })).toEqual({ 'parameters.1.value': 'Value is needed.' });
  });

  it('takes an empty optional value', () => expect(validateAll([named('distance')], { distance: null })).toEqual({}));
});

it('says the bounds in words', () => {
  expect(boundsText(named('npt').kind, null)).toBe('10 to 20000');
  expect(boundsText(named('distance').kind, 'mm')).toBe('more than 0\u202Fmm');
});

it('writes choices as people read them', () => {
  expect(choiceLabel('q_nm^-1', {})).toBe('q nm⁻¹');
  expect(choiceLabel('lm', { lm: 'Levenberg-Marquardt' })).toBe('Levenberg-Marquardt');
});

describe('the form', () => {
  function Harness() {
    const [values, setValues] = useState<Record<string, unknown>>({ npt: 1000, distance: null });
    const shown = [named('npt'), named('distance')];
    return (
      <MantineProvider>
        <ParameterForm fields={shown} values={values} onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))} faults={validateAll(shown, values)} sourceOf={({ name }) => (name === 'npt' ? 'default of BL-SAXS' : null)} />
      </MantineProvider>
    );
  }

  it('tells the fault at the field and where the value comes from', async () => {
    render(<Harness />);
    expect(screen.getByText('default of BL-SAXS')).toBeInTheDocument();
    const bins = screen.getByLabelText('Bins');
    await userEvent.clear(bins);
    await userEvent.type(bins, '5');
    expect(screen.getByText('At least 10.')).toBeInTheDocument();
    expect(bins).toBeInvalid();
  });

  it('folds the advanced part away, and opens it when something in it is wrong', async () => {
    render(<Harness />);
    const fold = screen.getByRole('button', { name: 'Advanced (1)' });
    expect(fold).toHaveAttribute('aria-expanded', 'false');
    await userEvent.click(fold);
    await userEvent.type(screen.getByLabelText('Distance'), '0');
    await userEvent.click(fold);
    expect(fold).toHaveAttribute('aria-expanded', 'true');
  });
});
