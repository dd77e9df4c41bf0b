import { Input, NumberInput, Select, Switch, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';

import { superscript, unitText } from '@/format';

import classes from './form.module.css';
import { RowsInput } from './RowsInput';
import { isChoice, type Choice, type Field, type Kind } from './schema';
import { boundsText, isRecord, type Faults } from './validate';

export interface FieldInputProps {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  faults: Faults;
  path: string;
  /** Where the default comes from, and a way back to it. */
  source?: ReactNode;
}

/** One parameter: label, unit, help, bounds, where its value comes from, and what is wrong with it. */
export function FieldInput(props: FieldInputProps) {
  const { field, value, onChange, faults, path, source } = props;
  const bounds = boundsText(field.kind, field.unit);
  const shared = {
    label: field.title,
    description: <Help text={field.help} bounds={bounds} source={source} />,
    error: faults[path],
    required: field.required && !field.optional,
    'data-field': path,
  };
  switch (field.kind.is) {
    case 'integer':
    case 'number':
      return (
        <NumberInput
          {...shared}
          value={typeof value === 'number' || typeof value === 'string' ? value : ''}
          onChange={(next) => onChange(numberOf(next))}
          allowDecimal={field.kind.is === 'number'}
          hideControls={field.kind.is === 'number'}
          clampBehavior="none"
          placeholder={field.optional ? 'empty' : ''}
          rightSection={<Unit unit={field.unit} />}
          rightSectionWidth={unitWidth(field.unit, field.kind)}
          rightSectionPointerEvents={field.unit || field.kind.is === 'number' ? 'none' : 'all'}
        />
      );
    case 'boolean':
      return (
        <Switch
          label={field.title}
          description={shared.description}
          error={shared.error}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
          data-field={path}
        />
      );
    case 'choice':
      return <ChoiceInput {...props} kind={field.kind} shared={shared} />;
    case 'text':
      return (
        <TextInput
          {...shared}
          value={typeof value === 'string' ? value : ''}
          placeholder={field.optional ? 'empty' : ''}
          onChange={(event) => onChange(event.currentTarget.value === '' && field.optional ? null : event.currentTarget.value)}
        />
      );
    case 'list':
      return (
        <TagsInput
          {...shared}
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={(next) => onChange(next.map((text) => itemOf(field.kind, text)))}
          placeholder="Type a value, then Enter"
        />
      );
    case 'table':
      return (
        <Input.Wrapper {...shared} labelElement="div">
          <RowsInput columns={field.kind.columns} value={Array.isArray(value) ? (value as unknown[]) : []} onChange={onChange} faults={faults} path={path} title={field.title} most={field.kind.most} />
        </Input.Wrapper>
      );
    case 'object':
      return (
        <fieldset className={classes.object} data-field={path}>
          <legend>{field.title}</legend>
          {field.help && <Text size="xs" c="dimmed">{field.help}</Text>}
          {field.kind.fields.map((inner) => {
            const record = isRecord(value) ? value : {};
            return (
              <FieldInput key={inner.name} field={inner} value={record[inner.name]} onChange={(next) => onChange({ ...record, [inner.name]: next })} faults={faults} path={`${path}.${inner.name}`} />
            );
          })}
        </fieldset>
      );
    default:
      return <JsonInput {...props} shared={shared} />;
  }
}

interface HelpProps {
  text: string;
  bounds: string;
  source?: ReactNode;
}

function Help({ text, bounds, source }: HelpProps) {
  return (
    <>
      {[text, bounds && `Range: ${bounds}.`].filter(Boolean).join(' ')}
      {source && <span className={classes.source}>{source}</span>}
    </>
  );
}

function Unit({ unit }: { unit: string | null }) {
  return unit ? (
    <Text size="sm" c="dimmed" pr={10}>
      {unitText(unit)}
    </Text>
  ) : null;
}

function unitWidth(unit: string | null, kind: Kind): number | undefined {
  if (unit) return 24 + unitText(unit).length * 9;
  return kind.is === 'integer' ? undefined : 8;
}

function numberOf(value: string | number): unknown {
  if (value === '') return null;
  if (typeof value === 'number') return value;
  const parsed = Number(value);
  return Number.isFinite(parsed) && value.trim() !== '-' ? parsed : value;
}

function itemOf(kind: Kind, text: string): unknown {
  if (kind.is !== 'list' || (kind.item.kind.is !== 'number' && kind.item.kind.is !== 'integer')) return text;
  const parsed = Number(text);
  return text.trim() !== '' && Number.isFinite(parsed) ? parsed : text;
}

/** `q_nm^-1` reads `q nm⁻¹`; recipes may give their own words in `x-labels`. */
export function choiceLabel(choice: Choice, labels: Record<string, string>): string {
  const own = labels[String(choice)];
  if (own) return own;
  return String(choice).replaceAll('_', ' ').replace(/\^(-?\d+)/gu, (_, power: string) => superscript(Number(power)));
}

interface Shared {
  label: string;
  description: ReactNode;
  error: string | undefined;
  required: boolean;
  'data-field': string;
}

function ChoiceInput({ field, value, onChange, kind, shared }: FieldInputProps & { kind: Extract<Kind, { is: 'choice' }>; shared: Shared }) {
  return (
    <Select
      {...shared}
      data={kind.choices.map((choice) => ({ value: String(choice), label: choiceLabel(choice, kind.labels) }))}
      value={isChoice(value) ? String(value) : null}
      onChange={(text) => onChange(kind.choices.find((choice) => String(choice) === text) ?? null)}
      searchable={kind.choices.length > 8}
      clearable={field.optional}
      allowDeselect={field.optional}
      placeholder={field.optional ? 'empty' : 'Choose'}
    />
  );
}

function JsonInput({ value, onChange, shared }: FieldInputProps & { shared: Shared }) {
  const [text, setText] = useState(() => (value === null || value === undefined ? '' : JSON.stringify(value, null, 1)));
  const [broken, setBroken] = useState(false);
  return (
    <Textarea
      {...shared}
      autosize
      minRows={2}
      ff="monospace"
      value={text}
      error={broken ? 'This is not valid JSON.' : shared.error}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        try {
          onChange(next.trim() === '' ? null : (JSON.parse(next) as unknown));
          setBroken(false);
        } catch {
          setBroken(true);
        }
      }}
    />
  );
}
