import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { recipeQuery } from '@/api/queries';
import type { JobPageOut } from '@/api/types';
import { Facts } from '@/components/text';
import { fieldsOf, type Field } from '@/form/schema';
import { choiceLabel } from '@/form/FieldInput';
import { isRecord } from '@/form/validate';
import { number, quantity } from '@/format';

/** What the job was run with: what differs from the recipe's defaults first, the rest folded. */
export function Parameters({ job }: { job: JobPageOut }) {
  const recipe = useQuery(recipeQuery(job.recipe, job.recipe_version)).data;
  const fields = recipe ? fieldsOf(recipe.parameter_schema) : [];
  const known = new Map(fields.map((field) => [field.name, field]));
  const facts = Object.entries(job.parameters).map(([name, value]) => {
    const field = known.get(name);
    return { name: field?.title ?? name, value: valueText(value, field), changed: !field || JSON.stringify(value) !== JSON.stringify(field.default) };
  });
  const changed = facts.filter((fact) => fact.changed);
  const rest = facts.filter((fact) => !fact.changed);
  if (facts.length === 0) return null;
  return (
    <section aria-label="Parameters">
      <Text fw={600} mb={4}>
        Parameters
      </Text>
      {changed.length === 0 && (
        <Text size="sm" c="dimmed">
          The recipe&apos;s defaults.
        </Text>
      )}
      <Facts facts={changed} />
      {rest.length > 0 && (
        <details>
          <summary style={{ cursor: 'pointer', fontSize: 'var(--mantine-font-size-xs)', padding: '6px 0' }}>{rest.length} at their defaults</summary>
          <Facts facts={rest.map(({ name, value }) => ({ name, value: value || 'empty' }))} />
        </details>
      )}
    </section>
  );
}

function valueText(value: unknown, field: Field | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return quantity(value, field?.unit, 7);
  if (typeof value === 'string') return field?.kind.is === 'choice' ? choiceLabel(value, field.kind.labels) : value;
  if (Array.isArray(value)) return value.map((item: unknown) => rowText(item)).join('; ');
  return JSON.stringify(value);
}

/** A row of a table in one line: `radius 40 (10 to 100)`. */
function rowText(item: unknown): string {
  if (!isRecord(item)) return typeof item === 'number' ? number(item, 7) : String(item);
  return Object.entries(item)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => (name === 'name' ? String(value) : `${name} ${typeof value === 'number' ? number(value, 6) : String(value)}`))
    .join(', ');
}
