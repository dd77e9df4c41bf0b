import { Collapse, Group, Progress, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { qualityQuery } from '@/api/queries';
import type { DatasetOut } from '@/api/types';
import { plural } from '@/format';

/** How complete the metadata are and what to mend; nothing where no schema applies. */
export function Quality({ dataset }: { dataset: DatasetOut }) {
  const [open, { toggle }] = useDisclosure(false);
  const quality = useQuery(qualityQuery(dataset.pid)).data;
  if (typeof quality?.score !== 'number') return null;
  const { score, findings, schemas } = quality;
  const rest = findings.length;
  return (
    <section aria-label="Metadata quality">
      <UnstyledButton onClick={toggle} aria-expanded={open} disabled={rest === 0} w="100%">
        <Group justify="space-between" gap="xs" mb={4}>
          <Text size="sm" component="span">
            Metadata {score} % complete
          </Text>
          {rest > 0 && (
            <Text size="xs" c="dimmed" component="span">
              {plural(rest, 'thing')} to mend {open ? <IconChevronDown size={12} /> : <IconChevronRight size={12} />}
            </Text>
          )}
        </Group>
        <Progress value={score} size="sm" color={score >= 80 ? 'teal' : 'yellow'} aria-label="Metadata complete" />
      </UnstyledButton>
      <Collapse in={open}>
        <Text size="sm" component="ul" pl="md" my={6}>
          {findings.map(({ field, message, severity }) => (
            <li key={field}>
              {message}
              {severity === 'recommended' && (
                <Text size="xs" c="dimmed" component="span">
                  {' '}
                  Recommended.
                </Text>
              )}
            </li>
          ))}
        </Text>
        <Text size="xs" c="dimmed">
          {dataset.may_write ? 'Enter what is missing under “Metadata” or with “Edit metadata”. ' : ''}
          Asked for by {schemas.map((name) => name.replace('/', ' version ')).join(', ')}.
        </Text>
      </Collapse>
    </section>
  );
}
