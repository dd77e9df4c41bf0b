import { MultiSelect, Text, type ComboboxItem } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { searchQuery, techniquesQuery } from '@/api/queries';
import type { components } from '@/api/schema';

const PAUSE_MS = 150;

interface TechniqueInputProps {
  /** What the dataset is tagged with now. */
  tagged: components['schemas']['TechniqueOut'][];
  value: string[];
  onChange: (iris: string[]) => void;
  error?: string | undefined;
}

/** Techniques by any of their names, out of the whole vocabulary. */
export function TechniqueInput({ tagged, value, onChange, error }: TechniqueInputProps) {
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text, PAUSE_MS);
  const found = useQuery(techniquesQuery(asked)).data;
  const here = useQuery(searchQuery({ limit: 1 })).data?.facets.technique ?? [];
  const [chosen, setChosen] = useState(new Map(tagged.map(({ iri, label }) => [iri, label])));
  const options = new Map(chosen);
  if (text.trim() === '') for (const { value: iri, label } of here) options.set(iri, label);
  else for (const { iri, label } of found ?? []) options.set(iri, label);
  const hints = new Map((found ?? []).map((term) => [term.iri, hint(term)]));
  return (
    <MultiSelect
      label="Techniques"
      description="Type a name, also a short or another one. The narrowest that fits says most."
      data={[...options].map(([iri, label]) => ({ value: iri, label }))}
      value={value}
      onChange={(iris) => {
        setChosen(new Map([...options].filter(([iri]) => iris.includes(iri) || chosen.has(iri))));
        onChange(iris);
      }}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options: all, search }) => (search.trim() === '' ? all : all.filter((one) => 'value' in one && (hints.has(one.value) || matches(one, search))))}
      renderOption={({ option }) => (
        <div>
          <Text size="sm">{option.label}</Text>
          {hints.get(option.value) !== undefined && (
            <Text size="xs" c="dimmed">
              {hints.get(option.value)}
            </Text>
          )}
        </div>
      )}
      nothingFoundMessage={asked === text && found !== undefined ? 'No technique of the vocabulary has this name.' : undefined}
      error={error}
    />
  );
}

function matches(option: ComboboxItem, search: string): boolean {
  return option.label.toLowerCase().includes(search.trim().toLowerCase());
}

/** Other names, and whether something narrower could be said. */
function hint({ synonyms, narrower }: components['schemas']['TermOut']): string | undefined {
  const parts = [synonyms.join(', '), narrower > 0 ? `${String(narrower)} narrower` : ''].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(' · ') : undefined;
}
