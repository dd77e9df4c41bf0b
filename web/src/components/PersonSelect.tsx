import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { peopleQuery } from '@/api/queries';

interface PersonSelectProps extends Pick<SelectProps, 'label' | 'aria-label' | 'size' | 'style' | 'placeholder'> {
  /** Ids of people who are not offered. */
  without?: readonly number[];
  onPick: (user: string) => void;
}

/** Finds a person by name or user name; empty again once somebody is picked. */
export function PersonSelect({ without = [], onPick, placeholder = 'Name or user name', ...more }: PersonSelectProps) {
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 200);
  const people = useQuery(peopleQuery(query)).data ?? [];
  return (
    <Select
      {...more}
      placeholder={placeholder}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      data={people.filter(({ id }) => !without.includes(id)).map(({ user, name, affiliation }) => ({ value: user, label: affiliation ? `${name}, ${affiliation}` : name }))}
      value={null}
      nothingFoundMessage={query.length < 2 ? 'Enter two letters' : 'Nobody has this name'}
      onChange={(user) => {
        if (user) onPick(user);
        setText('');
      }}
    />
  );
}
