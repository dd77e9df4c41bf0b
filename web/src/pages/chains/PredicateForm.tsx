import { ActionIcon, Button, Group, NumberInput, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import { TechniqueInput } from '@/pages/dataset/TechniqueInput';

import type { AttachmentOut } from './queries';

interface Range {
  name: string;
  minimum: number | string;
  maximum: number | string;
  unit: string;
}

/** Which new measurements a chain runs on; what is left empty holds of every measurement. */
export interface Rule {
  title: string;
  file: string;
  techniques: string[];
  formats: string[];
  ranges: Range[];
}

export const EVERYTHING: Rule = { title: '', file: '', techniques: [], formats: [], ranges: [] };

export function predicateOf({ title, file, techniques, formats, ranges }: Rule): Record<string, unknown> {
  const number = (value: number | string) => (value === '' ? null : Number(value));
  const named = ranges.filter(({ name }) => name.trim() !== '');
  return {
    title: title.trim(),
    file: file.trim(),
    techniques,
    formats,
    parameters: Object.fromEntries(named.map(({ name, minimum, maximum, unit }) => [name.trim(), { minimum: number(minimum), maximum: number(maximum), unit: unit.trim() || null }])),
  };
}

/** In words: `title *scan*, temperature 10–60 °C`; every measurement where nothing is asked. */
export function ruleInWords(predicate: AttachmentOut['predicate']): string {
  const { title, file, techniques, formats, parameters } = predicate as { title?: string; file?: string; techniques?: string[]; formats?: string[]; parameters?: Record<string, { minimum: number | null; maximum: number | null; unit: string | null }> };
  const parts = [
    title ? `title ${title}` : '',
    file ? `file ${file}` : '',
    techniques?.length ? `${String(techniques.length)} technique${techniques.length > 1 ? 's' : ''}` : '',
    formats?.length ? `format ${formats.join(' or ')}` : '',
    ...Object.entries(parameters ?? {}).map(([name, { minimum, maximum, unit }]) => [name.replaceAll('_', ' '), `${String(minimum ?? '…')} to ${String(maximum ?? '…')}`, unit ?? ''].join(' ').trim()),
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(', ') : 'every new measurement';
}

export function PredicateForm({ value, onChange }: { value: Rule; onChange: (rule: Rule) => void }) {
  const set = (more: Partial<Rule>) => onChange({ ...value, ...more });
  const setRange = (index: number, more: Partial<Range>) => set({ ranges: value.ranges.map((one, at) => (at === index ? { ...one, ...more } : one)) });
  return (
    <fieldset style={{ border: 0, padding: 0, margin: '12px 0 0' }}>
      <legend>
        <Text size="sm" fw={500}>
          Only measurements with
        </Text>
      </legend>
      <Group align="flex-start" grow>
        <TextInput label="Title like" placeholder="any" description="* stands for anything" value={value.title} onChange={(event) => set({ title: event.currentTarget.value })} maxLength={200} />
        <TextInput label="File name like" placeholder="any" description="For example *_scan_*.h5" value={value.file} onChange={(event) => set({ file: event.currentTarget.value })} maxLength={200} />
        <TagsInput label="Formats" placeholder="any" description="For example nexus" value={value.formats} onChange={(formats) => set({ formats })} />
      </Group>
      <TechniqueInput tagged={[]} value={value.techniques} onChange={(techniques) => set({ techniques })} />
      {value.ranges.map((range, index) => (
        <Group key={index} align="end" gap="xs" mt="xs" wrap="nowrap">
          <TextInput label="Quantity" placeholder="temperature" value={range.name} onChange={(event) => setRange(index, { name: event.currentTarget.value })} />
          <NumberInput label="From" hideControls value={range.minimum} onChange={(minimum) => setRange(index, { minimum })} />
          <NumberInput label="To" hideControls value={range.maximum} onChange={(maximum) => setRange(index, { maximum })} />
          <TextInput label="Unit" placeholder="K" w={80} value={range.unit} onChange={(event) => setRange(index, { unit: event.currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" aria-label={`Remove the range of ${range.name || 'the quantity'}`} onClick={() => set({ ranges: value.ranges.filter((_, at) => at !== index) })}>
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Button mt="xs" variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} />} onClick={() => set({ ranges: [...value.ranges, { name: '', minimum: '', maximum: '', unit: '' }] })}>
        Range of a quantity
      </Button>
    </fieldset>
  );
}
