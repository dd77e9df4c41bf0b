import { Group, Pill, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

import type { UnderstoodTerm } from '@/api/types';

interface UnderstoodProps {
  terms: readonly UnderstoodTerm[];
  q: string;
  onChange: (q: string) => void;
}

/** The query as the server took it, one chip a term; a chip can be dropped. */
export function Understood({ terms, q, onChange }: UnderstoodProps) {
  if (terms.length === 0) return null;
  const notes = terms.flatMap(({ note }) => note ?? []);
  return (
    <>
    <Group gap={6} mb="xs" role="list" aria-label="Understood as">
      {terms.map((term) => (
        <Tooltip key={`${term.text}${term.value}`} label={term.problem ?? term.note} disabled={!term.problem && !term.note}>
          <Pill
            role="listitem"
            size="md"
            withRemoveButton
            onRemove={() => onChange(q.replace(term.text, '').replace(/\s+/gu, ' ').trim())}
            removeButtonProps={{ 'aria-label': `Drop ${term.label}`, tabIndex: 0, 'aria-hidden': false }}
          >
            {term.problem && <IconAlertTriangle size={13} style={{ verticalAlign: -2, marginRight: 4 }} aria-label={term.problem} role="img" />}
            {term.negated && 'not '}
            {term.label}
          </Pill>
        </Tooltip>
      ))}
    </Group>
      {notes.length > 0 && (
        <Text size="sm" c="dimmed" mb="xs" role="status">
          {notes.join(' · ')}
        </Text>
      )}
    </>
  );
}
